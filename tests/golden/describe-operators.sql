set local search_path = pg_catalog, "ext", "Odd ""one""";
select pg_catalog.pg_is_in_recovery(),
       (extract(epoch from pg_catalog.now()) * 1000000)::pg_catalog.int8,
       (extract(epoch from case when pg_catalog.to_regproc('aurora_version') is null then pg_catalog.pg_last_xact_replay_timestamp() end) * 1000000)::pg_catalog.int8,
       pg_catalog.pg_typeof(q.c0)::pg_catalog.oid,
       pg_catalog.pg_typeof(q.c1)::pg_catalog.oid,
       pg_catalog.pg_typeof(q.c2)::pg_catalog.oid,
       (select k.collisdeterministic::pg_catalog.int4::pg_catalog.oid from pg_catalog.pg_collation k where k.oid = pg_catalog.pg_collation_for(q.t)::pg_catalog.regcollation)
from (values (1)) v
left join (
select q."id" as c0, q."email" as c1, q."account_id" as c2, q."account_id" as t
from "shop"."orders" q
limit 0
) q on true
