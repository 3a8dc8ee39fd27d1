-- The secret that seals entries of the shared cache: two random UUIDs of 122 bits each, hashed.
insert into sluice.setting (name, value)
values ('cache_seal', encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex'))
on conflict (name) do nothing;
