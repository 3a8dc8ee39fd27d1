copy (
select q."id"
from "shop"."orders" q
where q."account_id" operator(pg_catalog.=) 'acme'
  and 'acme'::pg_catalog.int4::pg_catalog.text operator(pg_catalog.=) 'acme' collate "C"
  and q."email" operator("ext".=) 'x''y'::"ext"."citext"
  and q."email" operator("ext".=) any (array['a', 'b']::"ext"."citext"[])
  and (q."tags" operator("pg_catalog".=) '{a}'::"pg_catalog"."_text" or q."tags" operator("pg_catalog".=) '{b}'::"pg_catalog"."_text")
  and q."email" operator("ext".<>) 'z'::"ext"."citext"
  and q."attributes" operator("ext".#<#) '"a"=>"1"'::"ext"."hstore"
) to stdout (format binary)
