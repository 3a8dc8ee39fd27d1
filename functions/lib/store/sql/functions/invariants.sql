drop function if exists sluice.violations(text);

-- Tenants with a live export: one index step each.
create or replace function sluice.live_tenants() returns table (tenant text)
    language sql stable
as $$
    with recursive tenants (tenant) as (
        (select e.tenant from sluice.export e where e.status in ('queued', 'running') order by e.tenant limit 1)
        union all
        select (select e.tenant from sluice.export e
                where e.status in ('queued', 'running') and e.tenant > t.tenant order by e.tenant limit 1)
        from tenants t where t.tenant is not null
    )
    select t.tenant from tenants t where t.tenant is not null
$$;

-- True if a live export of the tenant has no turn. Exports with a turn are few, so this ends early.
create or replace function sluice.has_waiting(of_tenant text) returns boolean
    language sql stable
as $$
    select exists (
        select from sluice.export e
        where e.tenant = of_tenant and e.status in ('queued', 'running')
          and not exists (select from sluice.export_turn t where t.export_id = e.id))
$$;

-- next_window(): the ids that the sweeper checks next, both ends included: those of about 2000 chunks, or of exports
-- with 50000 links, whichever is fewer, so that a check takes the same time however much is kept. After the last
-- window it starts over.
create or replace function sluice.next_window() returns table (low uuid, high uuid)
    language plpgsql volatile
as $$
declare
    last constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    behind uuid;
begin
    behind := (select split_part(s.value, ' ', 2) from sluice.setting s where s.name = 'invariants_window');
    low := case when behind < last then behind else '00000000-0000-0000-0000-000000000000' end;
    high := least(
        (select c.id from sluice.chunk c where c.id > low order by c.id offset 2000 limit 1),
        (select min(e.id::text)::uuid
         from (select k.id, sum(k.links) over (order by k.id) as links, row_number() over (order by k.id) as n
               from (select x.id, x.links from sluice.export x where x.id > low order by x.id limit 200) k) e
         where e.links > 50000 or e.n = 200),
        last);
    insert into sluice.setting as s (name, value) values ('invariants_window', low || ' ' || high)
    on conflict (name) do update set value = excluded.value;
    return next;
end
$$;

-- violations(): violated invariants in one snapshot: the number of violations of each, and an example. Covers chunks,
-- their links and exports whose ids are in this window.
--
-- Every invariant holds at every commit, whatever runs. A condition that holds only after a while is not an
-- invariant.
create or replace function sluice.violations(low uuid, high uuid) returns table (invariant text, found bigint, example text)
    language plpgsql stable
as $$
begin
    return query
    with broken (invariant, example) as (
        select case
                when c.state in ('split', 'dying') then 'a removed chunk has no link'
                when not c.state in ('due', 'sent', 'running') then 'a chunk that has ended has no open link'
                else 'a chunk that is not read has only open links'
            end, format('chunk %s, export %s', l.chunk_id, l.export_id)
        from sluice.link l join sluice.chunk c on c.id = l.chunk_id
        where l.chunk_id between low and high
          and (c.state in ('split', 'dying') or l.open <> (c.state in ('due', 'sent', 'running')))
        union all
        -- Such a chunk would be read for no export, or its files would stay forever.
        select case when c.state in ('due', 'sent', 'running') then 'a chunk that is not read has a link' else 'a file has a link, or a time until which it is kept for reuse' end,
               format('chunk %s', c.id)
        from sluice.chunk c
        where c.id between low and high
          and (c.state in ('due', 'sent', 'running', 'failed') or (c.state = 'done' and c.keep_until is null))
          and not exists (select from sluice.link l where l.chunk_id = c.id)
        union all
        select 'a running chunk has a lease', format('chunk %s', c.id)
        from sluice.chunk c
        where c.id between low and high and (c.state = 'running') <> (c.lease_until is not null)
        union all
        select 'an attempt that has not ended is the one that runs', format('chunk %s, attempt %s', a.chunk_id, a.number)
        from sluice.attempt a join sluice.chunk c on c.id = a.chunk_id
        where a.chunk_id between low and high and a.outcome is null and (c.state <> 'running' or c.attempt <> a.number)
        union all
        select case when e.status = 'succeeded' then 'an export that succeeded has all its files' else 'an export that has ended has no open link' end,
               format('export %s, chunk %s', e.id, l.chunk_id)
        from sluice.export e join sluice.link l on l.export_id = e.id join sluice.chunk c on c.id = l.chunk_id
        where e.id between low and high and e.status not in ('queued', 'running')
          and (l.open or (e.status = 'succeeded' and c.state <> 'done'))
        union all
        select 'an export that succeeded has a manifest', format('export %s', e.id)
        from sluice.export e
        where e.id between low and high and e.status = 'succeeded' and e.manifest_key is null
        union all
        select 'the counts of an export that has ended agree with its chunks', format('export %s', e.id)
        from sluice.export e, lateral sluice.progress(e.id) p
        where e.id between low and high and e.status in ('succeeded', 'failed') and e.progress is not null
          and ((e.progress ->> 'chunksTotal', e.progress ->> 'chunksDone', e.progress ->> 'rows', e.progress ->> 'bytes')
              is distinct from (p ->> 'chunksTotal', p ->> 'chunksDone', p ->> 'rows', p ->> 'bytes'))
        union all
        select 'an export is active if its tenant is below its limit of active exports', format('tenant %s', e.tenant)
        from sluice.live_tenants() e
        where not exists (select from sluice.turn_change n where n.tenant = e.tenant)
          and (select count(*) from sluice.export_turn t where t.tenant = e.tenant) < sluice.max_active()
          and sluice.has_waiting(e.tenant)
        union all
        select 'a tenant with an active export is served', format('tenant %s', t.tenant)
        from sluice.export_turn t
        where not exists (select from sluice.tenant_turn tt where tt.tenant = t.tenant and tt.active)
    )
    select b.invariant, count(*), min(b.example) from broken b group by b.invariant order by b.invariant;
end
$$;
