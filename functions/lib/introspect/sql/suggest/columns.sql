-- Columns of relations, with the base of their type under all domains. Defaults and statistics of dates and timestamps only.
-- From PostgreSQL 18 on, a NOT NULL constraint may be declared without having been checked.
with recursive d (oid, base) as (
    select t.oid, t.typbasetype from pg_catalog.pg_type t where t.typtype = 'd'
    union all
    select d.oid, t.typbasetype from d join pg_catalog.pg_type t on t.oid = d.base where t.typtype = 'd'
)
select a.attrelid::bigint, a.attname::text, pg_catalog.quote_ident(a.attname), t.oid::bigint,
    pg_catalog.format_type(a.atttypid, a.atttypmod),
    a.attnotnull and not exists (select from pg_catalog.pg_constraint k where k.conrelid = a.attrelid
        and k.contype = 'n' and a.attnum = any (k.conkey) and not k.convalidated),
    pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'select'),
    case when t.typoutput = 'pg_catalog.array_out'::regproc then 'a' else t.typtype::text end,
    (select pg_catalog.pg_get_expr(f.adbin, f.adrelid) from pg_catalog.pg_attrdef f
     where f.adrelid = a.attrelid and f.adnum = a.attnum and a.attgenerated = '' and t.oid in (1082, 1114, 1184)),
    s.null_frac, s.n_distinct
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.typtype <> 'd'
    and t.oid = coalesce((select d.base from d join pg_catalog.pg_type b on b.oid = d.base and b.typtype <> 'd'
                          where d.oid = a.atttypid), a.atttypid)
left join lateral (
    select p.null_frac, p.n_distinct from pg_catalog.pg_stats p
    where t.oid in (1082, 1114, 1184) and p.schemaname = n.nspname and p.tablename = c.relname and p.attname = a.attname
    order by p.inherited desc limit 1
) s on true
where a.attrelid in (:oids) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
