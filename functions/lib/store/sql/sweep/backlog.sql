-- Measures waiting and running work. It takes one index step per tenant with a live export, however many chunks are
-- due, except those that wait for a cut. A chunk that was sent has been due ever since: its message may be lost, or there may be no worker.
select greatest(0, coalesce(extract(epoch from clock_timestamp() - least(due.first, flying.first)) * 1000, 0))::bigint
           as oldest_ms,
       flying.sent, flying.running
from (select min(one.due_at) as first
      from (select distinct tenant from sluice.export where status in ('queued', 'running')) t,
      lateral (select c.due_at from sluice.chunk c
               where c.tenant = t.tenant and c.state = 'due' and not c.in_cut order by c.due_at limit 1) one) due,
     (select min(due_at) filter (where state = 'sent') as first, count(*) filter (where state = 'sent') as sent,
             count(*) filter (where state = 'running') as running
      from sluice.chunk where state in ('sent', 'running')) flying
