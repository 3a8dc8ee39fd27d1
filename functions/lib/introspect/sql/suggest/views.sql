-- Columns of tables that views read. A column of a view has no index and is never NOT NULL; the one it comes from may be.
select distinct r.ev_class::bigint, a.attrelid::bigint, a.attname::text, a.attnotnull
from pg_catalog.pg_rewrite r
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjsubid > 0
join pg_catalog.pg_class c on c.oid = d.refobjid and c.relkind in ('r', 'p', 'm')
join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where r.ev_class in (:oids)
order by 1, 2, 3
