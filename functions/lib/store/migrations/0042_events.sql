-- Events at the ends of exports and deliveries, and the receivers to which they are sent.

-- Receivers: webhooks that the operator has added, and the bus of the deployment.
create table sluice.receiver (
    id uuid primary key default gen_random_uuid(),
    -- Null: events of all tenants.
    tenant text,
    name text not null,
    kind text not null check (kind in ('webhook', 'bus')),
    -- URL of a webhook, or name of a bus.
    address text not null,
    -- Types of events that it takes; empty stands for all.
    types text[] not null default '{}',
    -- Secrets that sign, the newest first: {"secret": text, "until": microseconds or null}.
    secrets jsonb not null default '[]',
    created_at timestamptz not null default clock_timestamp(),
    -- Last time at which it accepted an event.
    accepted_at timestamptz,
    -- Nothing is sent to it from then on; events are kept for it.
    disabled_at timestamptz,
    disabled_reason text,
    unique nulls not distinct (tenant, name)
);

create table sluice.event (
    id uuid primary key default gen_random_uuid(),
    -- Order among the events of an export, whose row is locked while they are written: microseconds since 1970, or one more
    -- than that of the event before if the clock went back.
    number bigint not null,
    export_id uuid not null,
    tenant text not null,
    type text not null,
    at timestamptz not null default clock_timestamp(),
    -- Details (export::event).
    data jsonb not null
);
create index event_of_export on sluice.event (export_id, number);
create index event_age on sluice.event (at);

-- An event for one receiver.
create table sluice.notice (
    event_id uuid not null references sluice.event on delete cascade,
    receiver_id uuid not null references sluice.receiver on delete cascade,
    -- Copied from the event.
    export_id uuid not null,
    number bigint not null,
    state text not null default 'due' check (state in ('due', 'sent', 'accepted', 'failed')),
    -- Time of the next attempt. Of a sent one: the time from which its message is considered lost.
    due_at timestamptz not null default clock_timestamp(),
    -- Number of the attempt, which fences those before it.
    attempt integer not null default 0,
    -- Attempts that the receiver has not accepted.
    failures integer not null default 0,
    -- Of the last attempt: its end, HTTP status, and the reason why it failed.
    tried_at timestamptz,
    status integer,
    failure text,
    primary key (event_id, receiver_id)
);
create index notice_open on sluice.notice (receiver_id, due_at) where state in ('due', 'sent');
create index notice_sent on sluice.notice (receiver_id, due_at) where state = 'sent';
create index notice_order on sluice.notice (receiver_id, export_id, number) where state in ('due', 'sent');
create index notice_list on sluice.notice (receiver_id, number desc);

-- Records an event for the receivers that take it; without any, nothing is written.
create function sluice.note_event(of_export uuid, of_tenant text, of_type text, details jsonb) returns void
    language sql
as $$
    with taking as (
        select id from sluice.receiver r
        where (r.tenant is null or r.tenant = of_tenant) and (r.types = '{}' or of_type = any (r.types))
    ), noted as (
        insert into sluice.event (export_id, number, tenant, type, data)
        select of_export, greatest(sluice.micros(clock_timestamp()),
                                   (select max(e.number) + 1 from sluice.event e where e.export_id = of_export)),
               of_tenant, of_type, details
        where exists (select from taking)
        returning id, number
    )
    -- It waits with the event before it, if that waits for another attempt.
    insert into sluice.notice (event_id, receiver_id, export_id, number, due_at)
    select noted.id, taking.id, of_export, noted.number,
           greatest(clock_timestamp(), (select max(b.due_at) from sluice.notice b
                                        where b.receiver_id = taking.id and b.export_id = of_export and b.state = 'due'))
    from noted, taking
$$;

-- Notes that an export has ended. Written in the transaction of the state itself, so that no event is missed and none is
-- sent of a state that was not reached.
create function sluice.note_export() returns trigger
    language plpgsql
as $$
declare
    counts jsonb;
begin
    if exists (select from sluice.receiver r where r.tenant is null or r.tenant = new.tenant) then
        counts := coalesce(new.progress, sluice.progress(new.id));
        perform sluice.note_event(new.id, new.tenant, 'sluice.export.' || new.status, jsonb_strip_nulls(jsonb_build_object(
            'status', new.status,
            'label', new.label,
            'labels', nullif(new.labels, '{}'),
            'datasets', new.datasets,
            'destination', new.request -> 'destination',
            'createdAtMicros', sluice.micros(new.accepted_at),
            'endedAtMicros', sluice.micros(new.ended_at),
            'expiresAtMicros', sluice.micros(new.expires_at),
            'chunks', counts -> 'chunksTotal',
            'rows', counts -> 'rows',
            'bytes', counts -> 'bytes')));
    end if;
    return null;
end
$$;
create trigger export_noted after update of status on sluice.export
    for each row when (new.status is distinct from old.status and new.status not in ('queued', 'running'))
    execute function sluice.note_export();

-- Notes that a delivery has ended. One that fails because its export has expired is no event of its own.
create function sluice.note_delivery() returns trigger
    language plpgsql
as $$
begin
    perform sluice.note_event(new.export_id, new.tenant,
        case new.state when 'delivered' then 'sluice.export.delivered' else 'sluice.export.delivery_failed' end,
        jsonb_strip_nulls(jsonb_build_object(
            'destination', new.destination,
            'files', case when new.state = 'delivered' then new.files_done end,
            'bytes', case when new.state = 'delivered' then new.bytes_done end,
            'manifest', new.manifest,
            'error', case when new.state = 'failed' then new.errors -> -1 end)));
    return null;
end
$$;
create trigger delivery_noted after update of state on sluice.delivery
    for each row when (new.state is distinct from old.state
        and (new.state = 'delivered'
             or new.state = 'failed' and old.state = 'running' and not coalesce(new.errors -> -1 @> jsonb '{"code": "expired"}', false)))
    execute function sluice.note_delivery();
