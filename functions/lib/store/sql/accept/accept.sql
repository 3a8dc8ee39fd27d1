-- Stores export $12 of tenant $1 if its plan still holds (functions/accept.sql): $2 idempotency key with the hashes $3
-- and $4; target spans $5, $6, $7; $8 oldest time of reading; $9 chunks that may be reused; $10 those that are; $11 true
-- if new ones are read; $13 request, $14 revision of its catalog, $15 heads of its datasets, $16 seconds until its
-- deadline, $17 number of its links, $18 of chunks to pay for.
select a.outcome, a.read
from sluice.accept($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) a
