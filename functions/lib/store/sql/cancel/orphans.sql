-- Records prefix $2, below which export $1 has its manifests, as orphaned. An export that was canceled before it had
-- a file has written no manifest either.
insert into sluice.litter (prefix, sweep_at, again_after)
select $2, clock_timestamp(), interval '1 day' from sluice.export e
where e.id = $1 and not (e.status = 'canceled' and e.progress ->> 'chunksDone' = '0')
on conflict (prefix) do nothing
