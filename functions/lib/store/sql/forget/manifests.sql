-- Manifests of tenant $1 whose exports were not marked succeeded are swept now: no export will refer to them.
update sluice.litter
set sweep_at = clock_timestamp(), unless_named = false, again_after = interval '1 day'
where tenant = $1 and unless_named
