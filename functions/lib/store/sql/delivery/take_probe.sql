-- Takes one destination of which a probe is requested. Another process may take it again after a minute.
update sluice.destination d
set probe_requested_at = clock_timestamp() + interval '1 minute'
where d.name = (select p.name from sluice.destination p
                where p.probe_requested_at <= clock_timestamp() order by p.probe_requested_at limit 1 for update skip locked)
returning d.name, d.body as definition
