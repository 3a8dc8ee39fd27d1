-- Reads the selections in use: of chunks that are not read yet, or may be reused or checked.
select s.fingerprint, s.body
from sluice.selection s
where s.fingerprint in (
    select c.fingerprint from sluice.chunk c
    where c.state in ('due', 'sent', 'running') or (c.state = 'done' and (c.reusable or c.proof is not null)))
