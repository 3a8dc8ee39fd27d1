-- max_cut(): time for which a cut may be held, because it holds back vacuum.
create or replace function sluice.max_cut() returns interval
    language sql stable
as $$
    select sluice.setting_or('max_cut_minutes', 60) * interval '1 minute'
$$;

-- has_open_link(): true if something of an export is left to read.
create or replace function sluice.has_open_link(of_export uuid) returns boolean
    language sql stable
as $$
    select exists (select from sluice.link l where l.export_id = of_export and l.open)
$$;

-- lose_cut(): ends a live cut whose snapshot is gone. Exports that have read everything keep what they read: it shows
-- the snapshot. The others restart under another cut.
--
-- Lock order: chunks that are taken back, then export rows by id.
create or replace function sluice.lose_cut(of_cut uuid, why text) returns void
    language plpgsql volatile
as $$
begin
    update sluice.cut c set state = 'lost', ended_at = clock_timestamp(), reason = why
    where c.id = of_cut and c.state in ('opening', 'open');
    if not found then
        return;
    end if;
    update sluice.keeper k set state = 'ended', lease_until = null where k.cut = of_cut and k.state <> 'ended';
    with sent as (select c.id from sluice.chunk c where c.state = 'sent' and c.in_cut for update skip locked)
    update sluice.chunk c set state = 'due', sends = greatest(c.sends - 1, 0) from sent where c.id = sent.id;
    perform from sluice.export e
    where e.cut = of_cut and e.status in ('queued', 'running') order by e.id for no key update;
    update sluice.export e set cut_state = 'stale', cut_losses = e.cut_losses + 1
    where e.cut = of_cut and e.status in ('queued', 'running') and e.cut_state = 'in' and sluice.has_open_link(e.id);
end
$$;

-- keep_cuts(): keepers to start, and what dispatch() must leave alone. Only dispatch() calls it, under its lock.
--
-- `starts` are the keepers whose messages the caller sends. `occupied` is the number of keepers that have a session or
-- will have one; `relaying` is true while a cut waits for its next keeper, which needs a free worker; `held` are exports
-- whose chunks cannot be read now because they have no open cut. No cut departs if `hold` is true, but one that is open
-- goes on.
create or replace function sluice.keep_cuts(
        hold boolean, out starts uuid[], out occupied integer, out relaying boolean, out held uuid[])
    language plpgsql volatile
    set enable_seqscan = off
    set enable_bitmapscan = off
    set jit = off
as $$
declare
    lapsed record;
    resend_after interval;
    next_cut uuid;
begin
    starts := '{}';
    if exists (select from sluice.keeper k where k.state <> 'ended') then
        -- A keeper whose lease has expired has ended its session. If that was the one that held the snapshot, or would
        -- have taken it, the cut is lost.
        for lapsed in
            update sluice.keeper k set state = 'ended', lease_until = null
            where k.state = 'running' and k.lease_until < clock_timestamp()
            returning k.id, k.cut
        loop
            perform sluice.lose_cut(lapsed.cut, 'the worker that held the snapshot stopped renewing its lease')
            from sluice.cut c
            where c.id = lapsed.cut and (c.state = 'opening' or c.holder = lapsed.id);
        end loop;
        resend_after := sluice.resend_after();
        update sluice.keeper k set state = 'due'
        where k.state = 'sent'
          and k.sent_at < clock_timestamp() - least(resend_after * power(2, least(greatest(k.sends, 1), 10) - 1), interval '15 minutes');
        with sent as (
            update sluice.keeper k set state = 'sent', sent_at = clock_timestamp(), sends = k.sends + 1
            where k.state = 'due'
            returning k.id
        )
        select coalesce(array_agg(s.id), '{}') into starts from sent s;
    end if;

    if not hold
        and exists (
            select from sluice.export e join sluice.export_turn t on t.export_id = e.id
            where e.cut_state in ('waiting', 'stale') and e.status in ('queued', 'running'))
        and not exists (select from sluice.cut c where c.state in ('opening', 'open'))
        and not exists (select from sluice.cut c where c.next_at > clock_timestamp()) then
        insert into sluice.cut (id) values (gen_random_uuid()) returning id into next_cut;
        with first as (
            insert into sluice.keeper (id, cut, number, state, sent_at, sends)
            values (gen_random_uuid(), next_cut, 1, 'sent', clock_timestamp(), 1)
            returning id
        )
        select starts || f.id into starts from first f;
    end if;

    select count(*), coalesce(bool_or(k.number > 1 and k.state <> 'running'), false) into occupied, relaying
    from sluice.keeper k where k.state <> 'ended';
    select coalesce(array_agg(e.id), '{}') into held
    from sluice.export e left join sluice.cut c on c.id = e.cut
    where e.cut_state is not null and e.status in ('queued', 'running') and (e.cut_state <> 'in' or c.state <> 'open');
end
$$;
