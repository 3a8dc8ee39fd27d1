copy (
select q."id",
       q."client_ip",
       case when q."refund" is distinct from null then pg_catalog.format('%s', q."refund") end,
       q."discounts"::pg_catalog.text
from "shop"."orders" q
where q."created_at" >= timestamptz '2023-08-31 00:00:00+00'
  and q."created_at" < timestamptz '2023-09-01 00:00:00+00'
order by q."created_at", q."id"
) to stdout (format binary)
