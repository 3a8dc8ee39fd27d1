copy (
select q."id",
       case when q."client_ip" is distinct from null then pg_catalog.format('%s', q."client_ip") end,
       q."tags"::pg_catalog.text
from "shop"."orders" q
) to stdout (format binary)
