-- give_turns(): decides which exports are active. Only dispatch() calls it, under its lock. An export is active from
-- here until it ends; the others of its tenant wait in the order of their arrival. One that becomes active is ordered
-- after those that are active already, since otherwise a stream of small exports could overtake a large one forever.
--
-- Only tenants of which an export began or ended since the last call are checked: triggers record them.
create or replace function sluice.give_turns() returns void
    language plpgsql volatile
as $$
declare
    changed text[];
    next_tenant text;
begin
    with noted as (delete from sluice.turn_change returning tenant)
    select array_agg(distinct n.tenant order by n.tenant) into changed from noted n;
    if changed is null then
        return;
    end if;

    delete from sluice.export_turn t
    where t.tenant = any (changed)
      and not exists (select from sluice.export e where e.id = t.export_id and e.status in ('queued', 'running'));

    -- One tenant after the other: each takes a few index steps, whatever the planner's estimates for tables that were
    -- empty when they were last analyzed.
    foreach next_tenant in array changed loop
        insert into sluice.export_turn (export_id, tenant, served_at)
        select e.id, e.tenant, clock_timestamp()
        from sluice.export e
        where e.tenant = next_tenant and e.status in ('queued', 'running')
          and e.id not in (select t.export_id from sluice.export_turn t where t.tenant = next_tenant)
        order by e.queued_at, e.id
        limit greatest(sluice.max_active() - (select count(*) from sluice.export_turn t where t.tenant = next_tenant), 0);

        if exists (select from sluice.export_turn t where t.tenant = next_tenant) then
            -- A tenant that was never served is served first.
            insert into sluice.tenant_turn as tt (tenant, served_at, active) values (next_tenant, '-infinity', true)
            on conflict (tenant) do update set active = true where not tt.active;
        else
            update sluice.tenant_turn tt set active = false where tt.tenant = next_tenant and tt.active;
        end if;
    end loop;
end
$$;
