-- next_due(): the first chunk of an export that is due and not locked; it is locked.
--
-- Ten open links are read first, then a hundred at a time, and each chunk is looked up by itself. As one join, the
-- planner reads and sorts everything that is due as long as it has no statistics, which is the case when a large
-- export has just been accepted. `ordinal + 0` is the expression in the index of open links: by `ordinal` alone the
-- planner may walk over all closed ones. The end of a step is taken from the very links that were read, because a
-- second query may return others. A lateral join keeps the order of its left side, so the plan has no sort above it;
-- a sort would lock them all.
create or replace function sluice.next_due(of_export uuid) returns uuid
    language plpgsql volatile
as $$
declare
    step integer := 10;
    behind bigint := -1;
    behind_id uuid := '00000000-0000-0000-0000-000000000000';
    ids uuid[];
    found_chunk uuid;
begin
    loop
        select array_agg(l.chunk_id order by l.ordinal, l.chunk_id), max(l.ordinal) into ids, behind
        from (
            select k.ordinal, k.chunk_id from sluice.link k
            where k.export_id = of_export and k.open and (k.ordinal + 0, k.chunk_id) > (behind, behind_id)
            order by k.ordinal + 0, k.chunk_id limit step
        ) l;
        if ids is null then
            return null;
        end if;
        select c.id into found_chunk
        from unnest(ids) with ordinality as l (chunk_id, n)
        cross join lateral (
            select c.id from sluice.chunk c
            where c.id = l.chunk_id and c.state = 'due' and c.due_at <= clock_timestamp()
            for update skip locked
        ) c
        limit 1;
        if found_chunk is not null then
            return found_chunk;
        end if;
        behind_id := ids[cardinality(ids)];
        step := 100;
    end loop;
end
$$;

-- dispatch(): decides which chunks are sent next. Called after accept, after every chunk and by the sweeper; the
-- caller commits, then sends the messages.
--
-- READ COMMITTED and volatile: every statement below reads what was committed before it began. The advisory lock is
-- the first statement, so all that follows is decided by one process at a time. Chunks are locked with
-- `for update skip locked`, which leaves a chunk whose links are changing for the next call.
--
-- No bitmap scans: chunks that were sent and are done leave dead entries in the partial indexes. A plain index scan
-- marks them so that they are skipped and their space is reused; a bitmap scan, which the planner prefers as long as
-- a table was never analyzed, reads them all each time.
--
-- No sequential scans either: a session keeps the plans of its first calls, when the tables of turns were empty.
-- Plans of tables without an index then have a high cost, so jit is off to avoid compiling them.
--
-- While a transaction of any session holds an old snapshot, dead entries cannot be skipped, so the chunks in flight
-- are read in one pass.
create or replace function sluice.dispatch() returns setof uuid
    language plpgsql volatile
    set enable_bitmapscan = off
    set enable_seqscan = off
    set jit = off
as $$
declare
    budget integer;
    resend_after interval;
    max_failures constant integer := sluice.max_failures();
    in_flight integer;
    seen_at timestamptz;
    dead_ids uuid[];
    failed_ids uuid[];
    stale_ids uuid[];
    held_until timestamptz;
    probe_of_hold uuid;
    next_tenant text;
    next_export uuid;
    next_chunk uuid;
    cuts record;
    is_paused boolean;
    is_held boolean;
begin
    perform pg_advisory_xact_lock(7306011);
    -- The back-off row is locked before a chunk row, as everywhere.
    select b.until, b.probe into held_until, probe_of_hold from sluice.back_off b for update;

    resend_after := sluice.resend_after();
    select count(*),
           array_agg(c.id) filter (where c.state = 'running' and c.lease_until < clock_timestamp()),
           array_agg(c.id) filter (where c.state = 'sent' and c.sent_at < clock_timestamp()
               - least(resend_after * power(2, least(greatest(c.sends, 1), 10) - 1), interval '15 minutes'))
    into in_flight, dead_ids, stale_ids
    from sluice.chunk c where c.state in ('sent', 'running');

    select p.at into seen_at from sluice.pulse p;
    update sluice.pulse p set at = clock_timestamp() where p.at < clock_timestamp() - interval '250 milliseconds';

    -- Expired leases: the worker is gone, or so slow that its attempt may no longer be recorded. If dispatch did not
    -- run while the lease expired, the store may have been unreachable: that is not charged, but only once in a row.
    -- A gap in dispatch calls does not prove an outage, because dispatch may have had no other reason to run.
    if dead_ids is not null then
        with dead as (
            select c.id, coalesce(c.lease_until - seen_at > (c.lease_until - c.renewed_at) * 2 / 3, false)
                   and c.lease_until - seen_at > interval '1 second'
                   and not exists (
                       select from sluice.attempt a
                       where a.chunk_id = c.id and a.number = c.attempt - 1 and a.outcome = 'backed_off'
                         and a.failure ->> 'code' = 'store_unavailable') as silent
            from sluice.chunk c
            where id = any (dead_ids) and state = 'running' and lease_until < clock_timestamp()
            for update skip locked
        ), lost as (
            update sluice.chunk c
            set state = case when c.failures + 1 >= max_failures and not dead.silent then 'failed' else 'due' end,
                failures = c.failures + (not dead.silent)::integer,
                due_at = clock_timestamp(),
                ended_at = case when c.failures + 1 >= max_failures and not dead.silent then clock_timestamp() end,
                sends = 0,
                lease_until = null,
                reusable = false,
                failure = case when dead.silent then c.failure
                    else jsonb_build_object('code', 'worker_lost', 'again', true,
                        'message', 'the worker stopped renewing its lease; if this happens repeatedly, raise WorkerMemoryMb or WorkerTimeoutSeconds') end
            from dead where c.id = dead.id
            returning c.id, c.tenant, c.attempt, c.state, dead.silent
        ), attempts as (
            update sluice.attempt a
            set outcome = case when lost.silent then 'backed_off' else 'lost' end, ended_at = clock_timestamp(),
                failure = case when lost.silent then jsonb_build_object('code', 'store_unavailable', 'again', true,
                    'message', 'the store could not be reached while the chunk was read') end
            from lost where a.chunk_id = lost.id and a.number = lost.attempt and a.outcome is null
        ), littered as (
            insert into sluice.litter (prefix, sweep_at, again_after)
            select sluice.attempt_prefix(tenant, id, attempt), clock_timestamp(), sluice.worker_timeout()
            from lost
            on conflict (prefix) do nothing
        )
        select in_flight - count(*), array_agg(id) filter (where state = 'failed') into in_flight, failed_ids from lost;
        -- A separate statement, because an accept may have shared one of these chunks after the snapshot of the
        -- statement above.
        if failed_ids is not null then
            update sluice.link l set open = false where l.chunk_id = any (failed_ids) and l.open;
        end if;
    end if;

    -- Messages that were lost, or whose sender died between commit and send: sent again after 60 s, doubling to 15
    -- min.
    if stale_ids is not null then
        with stale as (
            select id from sluice.chunk where id = any (stale_ids) and state = 'sent' for update skip locked
        ), again as (
            update sluice.chunk c set state = 'due' from stale where c.id = stale.id returning c.id
        )
        select in_flight - count(*) into in_flight from again;
    end if;

    perform sluice.give_turns();

    is_paused := exists (select from sluice.setting where name = 'paused_at');
    -- A condition of the deployment was met: nothing is sent until the back-off ends, and then only one chunk, the
    -- probe, until its outcome is known.
    is_held := held_until > clock_timestamp()
        or exists (select from sluice.chunk c where c.id = probe_of_hold and c.state in ('sent', 'running'));
    -- A cut that is open goes on even if nothing starts: its next keeper takes over in time.
    select * into cuts from sluice.keep_cuts(is_paused or coalesce(is_held, false));
    return query select k.id from unnest(cuts.starts) as k (id);
    if is_paused or is_held or cuts.relaying then
        return;
    end if;

    budget := (select value::integer from sluice.setting where name = 'budget');
    -- Each keeper has a worker, and a session, that no chunk can have.
    while in_flight < 2 * (budget - cuts.occupied) loop
        -- Chooses the tenant, then its active export, that was served least recently and has a chunk due. They are
        -- tried one after the other because usually the first one has a chunk due.
        next_chunk := null;
        for next_tenant in select tt.tenant from sluice.tenant_turn tt where tt.active order by tt.served_at, tt.tenant loop
            for next_export in
                select et.export_id from sluice.export_turn et
                where et.tenant = next_tenant and et.export_id <> all (cuts.held)
                order by et.served_at, et.export_id
            loop
                next_chunk := sluice.next_due(next_export);
                exit when next_chunk is not null;
            end loop;
            exit when next_chunk is not null;
        end loop;
        exit when next_chunk is null;

        update sluice.chunk set state = 'sent', sent_at = clock_timestamp(), sends = sends + 1 where id = next_chunk;
        update sluice.tenant_turn set served_at = clock_timestamp() where tenant = next_tenant;
        update sluice.export_turn set served_at = clock_timestamp() where export_id = next_export;
        in_flight := in_flight + 1;
        return next next_chunk;
        if held_until is not null then
            update sluice.back_off set probe = next_chunk;
            exit;
        end if;
    end loop;
end
$$;
