-- Deletes selections without chunks, $1 at most. Rows locked by other transactions are left for the next time.
delete from sluice.selection s
where s.fingerprint in (
    select f.fingerprint from sluice.selection f
    where not exists (select from sluice.chunk c where c.fingerprint = f.fingerprint)
    limit $1
    for update skip locked)
