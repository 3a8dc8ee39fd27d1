-- Destinations: buckets to which the files of exports are copied after they have succeeded.

-- Destinations that the operator has defined (export::destination).
create table sluice.destination (
    name text primary key,
    body jsonb not null,
    applied_at timestamptz not null default clock_timestamp(),
    -- Probe that the operator has requested, and its last result; a failure as in a delivery, null if it succeeded.
    probe_requested_at timestamptz,
    probed_at timestamptz,
    probe_failure jsonb
);

-- Delivery of an export whose request names a destination. The name is kept even if the operator removes the destination.
create table sluice.delivery (
    export_id uuid primary key references sluice.export on delete cascade,
    tenant text not null,
    destination text not null,
    -- `waiting`: the export has not succeeded. `due`, `sent` and `running` as for chunks. `failed`: no attempt follows.
    state text not null default 'waiting' check (state in ('waiting', 'due', 'sent', 'running', 'delivered', 'failed')),
    -- Number of the attempt, which fences those before it.
    attempt integer not null default 0,
    -- Failed attempts since it became due.
    failures integer not null default 0,
    due_at timestamptz,
    sent_at timestamptz,
    lease_until timestamptz,
    files_total bigint,
    files_done bigint not null default 0,
    bytes_done bigint not null default 0,
    delivered_at timestamptz,
    -- Address of the manifest at the destination; null also if a later export has replaced it before.
    manifest text,
    -- The last failures, oldest first (export::delivery::DeliveryFailure).
    errors jsonb not null default '[]',
    check ((state = 'running') = (lease_until is not null)),
    check ((state = 'delivered') = (delivered_at is not null))
);
create index delivery_open on sluice.delivery (due_at) where state in ('due', 'sent', 'running');
create index delivery_of_destination on sluice.delivery (destination, delivered_at) where state in ('sent', 'running', 'delivered');

-- Follows the export: its delivery is due when it has succeeded, and waits again if it loses files. An attempt that runs is
-- fenced by its number. Written in the transaction of the change itself, so that none is missed.
create function sluice.follow_export() returns trigger
    language plpgsql
as $$
begin
    if new.status = 'succeeded' then
        update sluice.delivery
        set state = 'due', due_at = clock_timestamp(), attempt = attempt + 1, failures = 0, sent_at = null, lease_until = null,
            files_total = null, files_done = 0, bytes_done = 0, delivered_at = null, manifest = null, errors = '[]'
        where export_id = new.id;
    elsif new.status = 'expired' then
        update sluice.delivery
        set state = 'failed', attempt = attempt + 1, due_at = null, sent_at = null, lease_until = null,
            errors = errors || jsonb_build_array(jsonb_build_object('code', 'expired',
                'message', 'the files of the export were deleted before they were delivered',
                'atMicros', sluice.micros(clock_timestamp())))
        where export_id = new.id and state <> 'delivered';
    else
        update sluice.delivery
        set state = 'waiting', attempt = attempt + 1, due_at = null, sent_at = null, lease_until = null, delivered_at = null, manifest = null
        where export_id = new.id and state <> 'waiting';
    end if;
    return null;
end
$$;
create trigger export_delivered after update of status on sluice.export
    for each row when (new.status is distinct from old.status and new.request ? 'destination')
    execute function sluice.follow_export();
