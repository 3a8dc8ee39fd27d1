-- Inserts export $1 of tenant $2: $3 request, $4 revision of its catalog, $5 heads of its datasets, $6 time of
-- acceptance (microseconds), $7 seconds until its deadline, $8 number of its links, $9 of chunks to pay for. Inserts nothing if another
-- catalog is in force; until the transaction ends no other can be applied (in_force.sql).
insert into sluice.export (id, tenant, request, revision, heads, accepted_at, queued_at, deadline_at, links,
                           paid_chunks, label, labels)
select $1::uuid, $2, $3::jsonb, $4, $5::jsonb, sluice.from_micros($6), sluice.from_micros($6),
       sluice.from_micros($6) + $7::bigint * interval '1 second', $8, $9,
       $3::jsonb ->> 'label', coalesce($3::jsonb -> 'labels', '{}')
where coalesce(sluice.revision_in_force() = $4, true)
