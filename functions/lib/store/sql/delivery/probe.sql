-- Reads the result of the probe of destination $1.
select probed_at is not null as ended, probe_failure as failure from sluice.destination where name = $1
