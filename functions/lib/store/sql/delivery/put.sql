-- Replaces all destinations by names $1 with bodies $2.
with removed as (
    delete from sluice.destination where name <> all ($1::text[])
)
insert into sluice.destination as d (name, body, applied_at)
select name, body, clock_timestamp() from unnest($1::text[], $2::jsonb[]) as u (name, body)
on conflict (name) do update set body = excluded.body, applied_at = excluded.applied_at
