-- Ends attempt $2 of the delivery of export $1 with failure $3, of which the last $5 are kept. It is due again in $4 seconds;
-- null: never.
update sluice.delivery d
set state = case when $4::bigint is null then 'failed' else 'due' end,
    due_at = clock_timestamp() + $4::bigint * interval '1 second',
    sent_at = null, lease_until = null, failures = failures + 1,
    errors = (select jsonb_agg(e.one order by e.n)
              from jsonb_array_elements(d.errors || jsonb_build_array($3::jsonb)) with ordinality as e (one, n)
              where e.n > jsonb_array_length(d.errors) + 1 - $5::bigint)
where export_id = $1 and attempt = $2 and state = 'running'
