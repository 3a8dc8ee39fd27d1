-- Relations that could be datasets, by schema and name. A partitioned table counts once, with the size of its partitions.
-- System schemas and temporary tables are no datasets. The size of a table that was never analyzed is that of its file.
with parts as (
    select pg_catalog.pg_partition_root(c.oid) as root, max(c.reltuples) as known, sum(greatest(c.reltuples, 0)) as tuples,
        sum(c.relpages + coalesce(t.relpages, 0)) as pages
    from pg_catalog.pg_class c
    left join pg_catalog.pg_class t on t.oid = c.reltoastrelid
    where c.relispartition and c.relkind = 'r'
    group by 1
)
select c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
    case when c.relkind = 'p' then case when p.known >= 0 then p.tuples end when c.reltuples >= 0 then c.reltuples end::bigint,
    case when c.relkind in ('r', 'm') and c.reltuples < 0 then pg_catalog.pg_relation_size(c.oid)
        else (c.relpages + coalesce(t.relpages, 0) + coalesce(p.pages, 0)) * current_setting('block_size')::bigint
    end::bigint,
    pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_any_column_privilege(c.oid, 'select'),
    pg_catalog.row_security_active(c.oid), c.relispopulated,
    (select x.extname::text from pg_catalog.pg_depend d join pg_catalog.pg_extension x on x.oid = d.refobjid
     where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
         and d.refclassid = 'pg_catalog.pg_extension'::regclass limit 1),
    (select pg_catalog.quote_ident(m.nspname) || '.' || pg_catalog.quote_ident(h.relname)
     from pg_catalog.pg_inherits i join pg_catalog.pg_class h on h.oid = i.inhparent
     join pg_catalog.pg_namespace m on m.oid = h.relnamespace
     where i.inhrelid = c.oid and pg_catalog.has_schema_privilege(m.oid, 'usage')
         and pg_catalog.has_table_privilege(h.oid, 'select')
     order by i.inhseqno limit 1),
    (select a.attname::text from pg_catalog.pg_partitioned_table k
     join pg_catalog.pg_attribute a on a.attrelid = k.partrelid and a.attnum = k.partattrs[0]
     where k.partrelid = c.oid and k.partstrat = 'r')
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_class t on t.oid = c.reltoastrelid
left join parts p on p.root = c.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and c.relpersistence <> 't'
    and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'sluice')
    and :schemas
order by n.nspname, c.relname
limit :limit
