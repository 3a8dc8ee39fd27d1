-- Chunks $1 that were read under a selection that no longer fits are never reused or checked: they are kept only for
-- the exports that have them. The chunks are locked by the caller.
with forgotten as (
    update sluice.chunk c set reusable = false, keep_until = null, proof = null
    where c.id = any ($1) and c.state = 'done' and c.reusable
    returning c.dataset
), unproven as (
    update sluice.chunk c set proof = null
    where c.id = any ($1) and c.state = 'done' and not c.reusable and c.proof is not null
)
select dataset, count(*) as chunks from forgotten group by dataset
