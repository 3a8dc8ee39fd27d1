-- Keeper $2 takes over cut $1: it exports the snapshot as $3 and has locked relations $4. Only those that the keeper
-- before it has locked, too, are locked since before the snapshot.
update sluice.cut c
set holder = $2, snapshot = $3,
    relations = array(select r from unnest(c.relations) as r intersect select r from unnest($4::bigint[]) as r)
where c.id = $1 and c.state = 'open' and exists (select from sluice.keeper k where k.id = $2 and k.state = 'running')
