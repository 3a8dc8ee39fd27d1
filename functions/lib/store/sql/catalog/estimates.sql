-- Inserts estimates: $1 datasets, $2 bodies, parallel arrays.
insert into sluice.estimate (dataset, body)
select d, b from unnest($1::text[], $2::jsonb[]) as u (d, b)
