-- Usable indexes of relations, each with its key columns in their order. An expression has no name.
select i.indrelid::bigint, c.relname::text, m.amname::text, i.indisprimary,
    (select pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, o.opcdefault) order by k.place)::text
     from unnest(i.indkey::smallint[], i.indclass::oid[]) with ordinality k (attnum, class, place)
     join pg_catalog.pg_opclass o on o.oid = k.class
     left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum and k.attnum > 0
     where k.place <= i.indnkeyatts)
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = c.relam
where i.indrelid in (:oids) and i.indisvalid and i.indisready and i.indislive and i.indpred is null
order by i.indrelid, c.relname
