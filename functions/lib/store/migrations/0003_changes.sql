-- How often something that had ended was changed afterwards, per tenant: an export deleted, extended, opened again,
-- expired. It comes with every key look-up, and answers about ended exports are cached under it: whoever has heard of a
-- change finds nothing that was cached before it.
create table sluice.tenant_change (
    tenant text primary key,
    changes bigint not null
);

-- In the transaction of the change itself: no one can know of the one without the other.
create function sluice.note_change() returns trigger
    language plpgsql
as $$
begin
    insert into sluice.tenant_change as c (tenant, changes) values (old.tenant, 1)
    on conflict (tenant) do update set changes = c.changes + 1;
    return null;
end
$$;
create trigger export_changed after update or delete on sluice.export
    for each row when (old.status not in ('queued', 'running'))
    execute function sluice.note_change();
