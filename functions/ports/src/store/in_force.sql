-- The revision of the catalog that is in force; none before the first `catalog apply`. It stays in force until the caller's
-- transaction ends: `apply_catalog` takes the same lock alone. The row of a tenant would not do, since a tenant may be made
-- after `apply_catalog` has locked those that were there.
--
-- Volatile: the second statement sees what was committed while the first one waited.
create or replace function sluice.revision_in_force() returns text
    language plpgsql volatile
as $$
begin
    perform pg_advisory_xact_lock_shared(7306012);
    return (select c.revision from sluice.catalog c order by c.applied_at desc limit 1);
end
$$;
