-- Opens cut $1: keeper $2 exports snapshot $3. $4 time and $5 horizon (microseconds; null: unknown) of the source, $6
-- position of its log, $7 locked relations.
update sluice.cut c
set state = 'open', opened_at = clock_timestamp(), holder = $2, snapshot = $3, as_of = sluice.from_micros($4),
    horizon = sluice.from_micros($5), lsn = $6, relations = $7
where c.id = $1 and c.state = 'opening' and exists (select from sluice.keeper k where k.id = $2 and k.state = 'running')
