-- Finds tenant $1, with the number of changes to its ended exports.
select t.id, coalesce(c.changes, 0) as changes
from sluice.tenant t left join sluice.tenant_change c on c.tenant = t.id
where t.id = $1
