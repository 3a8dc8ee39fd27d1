-- Records in sluice.api_key that key $1 is used, unless another process has just done so or is doing so.
update sluice.api_key
set last_used_at = clock_timestamp()
where id = (
    select id from sluice.api_key
    where id = $1 and (last_used_at is null or last_used_at < clock_timestamp() - interval '5 minutes')
    for no key update skip locked)
