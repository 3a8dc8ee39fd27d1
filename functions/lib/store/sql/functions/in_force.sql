-- revision_in_force(): the revision of the catalog in force; none before the first `catalog apply`. It stays in force
-- until the caller's transaction ends, because `apply_catalog` takes the same lock exclusively. Locking the row of a
-- tenant would not suffice, since a tenant may be created after `apply_catalog` has locked the existing ones.
--
-- Volatile: the second statement reads what was committed while the first one waited.
create or replace function sluice.revision_in_force() returns text
    language plpgsql volatile
as $$
begin
    perform pg_advisory_xact_lock_shared(7306012);
    return (select c.revision from sluice.catalog c order by c.applied_at desc limit 1);
end
$$;
