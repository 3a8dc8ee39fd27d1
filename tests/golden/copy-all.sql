copy (
select q."id",
       q."client_ip",
       case when q."refund" is distinct from null then pg_catalog.format('%s', q."refund") end,
       q."discounts"::pg_catalog.text
from "shop"."orders" q
) to stdout (format binary)
