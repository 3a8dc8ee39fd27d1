-- Marks tenants whose turns are not as `give_turns()` would have left them, so that it checks them again.
insert into sluice.turn_change (tenant)
select e.tenant
from sluice.live_tenants() e
where not exists (select from sluice.turn_change n where n.tenant = e.tenant)
  and ((select count(*) from sluice.export_turn t where t.tenant = e.tenant) < sluice.max_active()
       and sluice.has_waiting(e.tenant)
       or exists (select from sluice.export_turn t where t.tenant = e.tenant)
       and not exists (select from sluice.tenant_turn tt where tt.tenant = e.tenant and tt.active))
