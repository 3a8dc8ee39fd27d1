-- Stores estimates $3 of dataset $1 (null: records only that they were tried) if revision $2 is in force.
update sluice.estimate
set tried_at = clock_timestamp(), body = coalesce($3::jsonb, body),
    taken_at = case when $3::jsonb is null then taken_at else clock_timestamp() end
where dataset = $1 and (select revision from sluice.catalog order by applied_at desc limit 1) = $2
