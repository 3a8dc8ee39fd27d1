-- dispatch(): decides which chunks go out next. Called after accept, after every chunk and by the sweeper;
-- the caller commits, then sends the messages.
--
-- READ COMMITTED and volatile: every statement below sees what was committed before it began. The advisory
-- lock is the first statement, so all that follows is decided by one process at a time. Chunks are taken
-- `for update skip locked`: a chunk whose links are changing is left for the next call.
create or replace function sluice.dispatch() returns setof uuid
    language plpgsql volatile
as $$
declare
    budget integer;
    resend_after interval;
    max_failures constant integer := 8;
    in_flight integer;
    next_tenant text;
    next_export uuid;
    next_chunk uuid;
    passed uuid[] := '{}';
begin
    perform pg_advisory_xact_lock(7306011);

    -- Dead leases: the worker is gone, or so slow that its attempt may no longer be recorded.
    with dead as (
        select id from sluice.chunk
        where state = 'running' and lease_until < clock_timestamp()
        for update skip locked
    ), lost as (
        update sluice.chunk c
        set state = case when c.failures + 1 >= max_failures then 'failed' else 'due' end,
            failures = c.failures + 1,
            due_at = clock_timestamp(),
            ended_at = case when c.failures + 1 >= max_failures then clock_timestamp() end,
            sends = 0,
            lease_until = null,
            reusable = false,
            failure = jsonb_build_object('code', 'worker_lost', 'again', true,
                'message', 'the worker stopped renewing its lease; if this repeats, give it more memory or time')
        from dead where c.id = dead.id
        returning c.id, c.tenant, c.attempt, c.state
    ), closed as (
        update sluice.link l set open = false from lost where l.chunk_id = lost.id and lost.state = 'failed'
    ), attempts as (
        update sluice.attempt a set outcome = 'lost', ended_at = clock_timestamp()
        from lost where a.chunk_id = lost.id and a.number = lost.attempt and a.outcome is null
    )
    insert into sluice.litter (prefix, sweep_at, again_after)
    select format('t/%s/c/%s/%s.', tenant, id, attempt), clock_timestamp(), sluice.worker_timeout()
    from lost
    on conflict (prefix) do nothing;

    -- Messages that were lost, or whose sender died between commit and send: after 60 s, doubling to 15 min.
    resend_after := coalesce((select value from sluice.setting where name = 'resend_secs'), '60')::integer * interval '1 second';
    with stale as (
        select id from sluice.chunk
        where state = 'sent'
          and sent_at < clock_timestamp() - least(resend_after * power(2, least(greatest(sends, 1), 10) - 1), interval '15 minutes')
        for update skip locked
    )
    update sluice.chunk c set state = 'due' from stale where c.id = stale.id;

    if exists (select from sluice.setting where name = 'paused_at') then
        return;
    end if;

    budget := (select value::integer from sluice.setting where name = 'budget');
    in_flight := (select count(*) from sluice.chunk where state in ('sent', 'running'));
    while in_flight < 2 * budget loop
        -- The tenant, then its export, that was served least recently.
        select e.tenant, e.id into next_tenant, next_export
        from sluice.tenant t
        left join sluice.tenant_turn tt on tt.tenant = t.id
        cross join lateral (
            select e.tenant, e.id
            from sluice.export e
            left join sluice.export_turn et on et.export_id = e.id
            where e.tenant = t.id and e.status in ('queued', 'running') and e.id <> all (passed)
              and exists (
                  select from sluice.link l join sluice.chunk c on c.id = l.chunk_id
                  where l.export_id = e.id and l.open and c.state = 'due' and c.due_at <= clock_timestamp())
            order by et.served_at nulls first, e.accepted_at, e.id
            limit 1
        ) e
        where exists (select from sluice.chunk c where c.tenant = t.id and c.state = 'due' and c.due_at <= clock_timestamp())
        order by tt.served_at nulls first, t.id
        limit 1;
        exit when not found;

        select c.id into next_chunk
        from sluice.link l join sluice.chunk c on c.id = l.chunk_id
        where l.export_id = next_export and l.open and c.state = 'due' and c.due_at <= clock_timestamp()
        order by l.ordinal
        limit 1
        for update of c skip locked;
        if not found then
            passed := passed || next_export;
            continue;
        end if;

        update sluice.chunk set state = 'sent', sent_at = clock_timestamp(), sends = sends + 1 where id = next_chunk;
        insert into sluice.tenant_turn values (next_tenant, clock_timestamp())
            on conflict (tenant) do update set served_at = excluded.served_at;
        insert into sluice.export_turn values (next_export, clock_timestamp())
            on conflict (export_id) do update set served_at = excluded.served_at;
        in_flight := in_flight + 1;
        return next next_chunk;
    end loop;
end
$$;
