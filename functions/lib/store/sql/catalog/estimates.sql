-- Inserts estimates: $1 datasets, $2 bodies, parallel arrays.
insert into sluice.estimate (dataset, body)
select d, b::jsonb from unnest($1::text[], $2::text[]) as u (d, b)
