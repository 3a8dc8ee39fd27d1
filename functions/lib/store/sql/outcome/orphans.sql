-- Records the objects of the current attempt of chunk $1 as orphaned, now and once more when its worker can no longer
-- write. The prefix is that of sluice.attempt_prefix(), which a store that is not migrated yet does not have.
insert into sluice.litter (prefix, sweep_at, again_after)
select format('t/%s/c/%s/%s.', tenant, id, attempt), clock_timestamp(), sluice.worker_timeout()
from sluice.chunk
where id = $1
on conflict (prefix) do nothing
