-- Removes the records of manifests that would be swept now although an export refers to them.
delete from sluice.litter l
where l.unless_named and l.sweep_at <= clock_timestamp()
  and exists (select from sluice.export e where e.manifest_key = l.prefix)
