-- Puts secret $2 before the one that receiver $1 has, which also signs for $3 hours. Older ones are dropped.
update sluice.receiver
set secrets = jsonb_build_array(jsonb_build_object('secret', $2::text),
    (secrets -> 0) || jsonb_build_object('until', sluice.micros(clock_timestamp() + $3::bigint * interval '1 hour')))
where id = $1 and kind = 'webhook'
