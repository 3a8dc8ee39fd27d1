-- Makes $1 the bus of the deployment; empty: it has none.
with put as (
    insert into sluice.receiver (tenant, name, kind, address)
    select null, 'event-bus', 'bus', $1 where $1 <> ''
    on conflict (tenant, name) do update
        set address = excluded.address, disabled_at = null, disabled_reason = null
        where sluice.receiver.kind = 'bus' and sluice.receiver.address <> excluded.address
)
delete from sluice.receiver where kind = 'bus' and $1 = ''
