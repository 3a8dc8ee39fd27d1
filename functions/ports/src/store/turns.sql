-- give_turns(): which exports are active. Only dispatch() calls it, under its lock. An export is active from here until
-- it ends; the others of its tenant wait, in the order in which they came. One that becomes active stands behind those
-- that are: else a stream of small ones would pass a large one for ever.
create or replace function sluice.give_turns() returns void
    language plpgsql volatile
as $$
begin
    delete from sluice.export_turn t
    where not exists (select from sluice.export e where e.id = t.export_id and e.status in ('queued', 'running'));

    -- Tenants with something live, each found by one step in the index.
    with recursive live as (
        (select e.tenant from sluice.export e where e.status in ('queued', 'running') order by e.tenant limit 1)
        union all
        select (select e.tenant from sluice.export e
                where e.status in ('queued', 'running') and e.tenant > l.tenant order by e.tenant limit 1)
        from live l where l.tenant is not null
    ), room as (
        select l.tenant, sluice.max_active() - (select count(*) from sluice.export_turn t where t.tenant = l.tenant) as free
        from live l where l.tenant is not null
    )
    insert into sluice.export_turn (export_id, tenant, served_at)
    select e.id, r.tenant, clock_timestamp()
    from room r
    cross join lateral (
        select e.id from sluice.export e
        where e.tenant = r.tenant and e.status in ('queued', 'running')
          and not exists (select from sluice.export_turn t where t.export_id = e.id)
        order by e.queued_at, e.id
        limit r.free
    ) e
    where r.free > 0;
end
$$;
