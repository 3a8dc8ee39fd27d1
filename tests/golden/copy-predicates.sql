copy (
select q."weird ""name"""
from (
select * from shop.invoice -- the books' "view"
) q
where q."created_at" is null
  and q."account_id" operator(pg_catalog.=) 'acme'
  and q."account_id"::pg_catalog.text operator(pg_catalog.=) 'acme' collate "C"
  and q."country" in ('DE', 'NL')
  and q."city" = '''s-Hertogenbosch'
  and q."path" = E'C:\\temp\\''x'''
  and q."deleted_at" is null
  and q."status" <> 'new'
  and q."total" > '1'
  and q."total" >= '10.5'
  and q."total" < '100'
  and q."total" <= '99'
) to stdout (format binary)
