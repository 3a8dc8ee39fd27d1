-- Reads the catalog applied last among those whose revision begins with $1; an empty prefix finds the one in force.
select c.revision, c.toml, c.source, sluice.micros(c.applied_at) as applied,
       c.applied_at = (select max(applied_at) from sluice.catalog) as in_force,
       (select count(*) from jsonb_object_keys(c.body -> 'datasets')) as datasets
from sluice.catalog c
where starts_with(c.revision, $1)
order by c.applied_at desc
limit 1
