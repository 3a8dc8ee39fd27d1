-- give_turns(): which exports are active. Only dispatch() calls it, under its lock. An export is active from here until
-- it ends; the others of its tenant wait, in the order in which they came. One that becomes active stands behind those
-- that are: else a stream of small ones would pass a large one for ever.
create or replace function sluice.give_turns() returns void
    language plpgsql volatile
as $$
begin
    delete from sluice.export_turn t
    where not exists (select from sluice.export e where e.id = t.export_id and e.status in ('queued', 'running'));

    -- Most often all that are live have their turn. `not in` is a table of hashes that is built once; `not exists` below a
    -- lateral join would be whatever the planner thinks of a table that was empty when it was last analyzed: at a thousand
    -- tenants it read all of it for each of them.
    if not exists (
        select from sluice.export e
        where e.status in ('queued', 'running') and e.id not in (select t.export_id from sluice.export_turn t)
    ) then
        return;
    end if;

    -- Tenants with something live, each found by one step in the index.
    with recursive live as (
        (select e.tenant from sluice.export e where e.status in ('queued', 'running') order by e.tenant limit 1)
        union all
        select (select e.tenant from sluice.export e
                where e.status in ('queued', 'running') and e.tenant > l.tenant order by e.tenant limit 1)
        from live l where l.tenant is not null
    ), room as (
        select l.tenant, sluice.max_active() - coalesce(held.exports, 0) as free
        from live l
        left join (select t.tenant, count(*) as exports from sluice.export_turn t group by t.tenant) held using (tenant)
        where l.tenant is not null
    )
    insert into sluice.export_turn (export_id, tenant, served_at)
    select e.id, r.tenant, clock_timestamp()
    from room r
    cross join lateral (
        select e.id from sluice.export e
        where e.tenant = r.tenant and e.status in ('queued', 'running')
          and e.id not in (select t.export_id from sluice.export_turn t)
        order by e.queued_at, e.id
        limit r.free
    ) e
    where r.free > 0;
end
$$;
