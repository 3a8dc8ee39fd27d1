copy (
select q."id",
       q."client_ip",
       pg_catalog.to_json(q."refund")::pg_catalog.text,
       pg_catalog.to_json(q."discounts")::pg_catalog.text
from "shop"."orders" q
) to stdout (format binary)
