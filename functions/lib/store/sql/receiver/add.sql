-- Adds webhook $2 of tenant $1 (null: of all) with URL $3, types $4 and secrets $5. No row if the name is taken.
insert into sluice.receiver (tenant, name, kind, address, types, secrets)
values ($1, $2, 'webhook', $3, $4, $5)
on conflict do nothing
returning id
