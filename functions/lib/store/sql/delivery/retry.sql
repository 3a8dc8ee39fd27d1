-- Makes the delivery of export $1 of tenant $2 due at once if it failed, or waits after a failure.
update sluice.delivery d
set state = 'due', due_at = clock_timestamp(), sent_at = null, failures = 0
where d.export_id = $1 and d.tenant = $2 and (d.state = 'failed' or d.state = 'due' and d.failures > 0)
  and exists (select from sluice.export e where e.id = d.export_id and e.status = 'succeeded')
