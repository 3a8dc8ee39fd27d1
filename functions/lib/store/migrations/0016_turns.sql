-- Tenants of which an export began or ended: dispatch() looks again which of theirs are active, and at no others. Written in
-- the transaction of the change itself, so that none is missed.
create table sluice.turn_change (tenant text not null);

create function sluice.note_turn() returns trigger
    language plpgsql
as $$
begin
    insert into sluice.turn_change (tenant) values (coalesce(new.tenant, old.tenant));
    return null;
end
$$;
create trigger export_began after insert on sluice.export
    for each row when (new.status in ('queued', 'running'))
    execute function sluice.note_turn();
create trigger export_turned after update of status on sluice.export
    for each row when ((old.status in ('queued', 'running')) <> (new.status in ('queued', 'running')))
    execute function sluice.note_turn();
create trigger export_gone after delete on sluice.export
    for each row when (old.status in ('queued', 'running'))
    execute function sluice.note_turn();

-- Another limit concerns all tenants.
create function sluice.note_all_turns() returns trigger
    language plpgsql
as $$
begin
    insert into sluice.turn_change (tenant)
    select distinct e.tenant from sluice.export e where e.status in ('queued', 'running');
    return null;
end
$$;
create trigger limit_changed after insert or update on sluice.setting
    for each row when (new.name = 'max_active_exports')
    execute function sluice.note_all_turns();

-- The tenant that was served least recently is found by one step in an index; only those with an active export are in it.
alter table sluice.tenant_turn add column active boolean not null default false;
insert into sluice.tenant_turn (tenant, served_at, active)
select distinct t.tenant, '-infinity'::timestamptz, true from sluice.export_turn t
on conflict (tenant) do update set active = true;
create index tenant_turn_next on sluice.tenant_turn (served_at, tenant) where active;

insert into sluice.turn_change (tenant)
select distinct e.tenant from sluice.export e where e.status in ('queued', 'running');
