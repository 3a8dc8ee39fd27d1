-- Forgets manifests that an export refers to and that would be swept now.
delete from sluice.litter l
where l.unless_named and l.sweep_at <= clock_timestamp()
  and exists (select from sluice.export e where e.manifest_key = l.prefix)
