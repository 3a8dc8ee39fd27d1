select pg_catalog.pg_is_in_recovery(),
       (extract(epoch from pg_catalog.now()) * 1000000)::pg_catalog.int8,
       (extract(epoch from case when pg_catalog.to_regproc('aurora_version') is null then pg_catalog.pg_last_xact_replay_timestamp() end) * 1000000)::pg_catalog.int8,
       pg_catalog.pg_typeof(q.c0)::pg_catalog.oid
from (values (1)) v
left join (
select q."weird ""name""" as c0
from (
select * from shop.invoice -- the books' "view"
) q
limit 0
) q on true
