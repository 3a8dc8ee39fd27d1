-- Deletes exports that expired 30 days ago.
delete from sluice.export
where status = 'expired' and expires_at < clock_timestamp() - interval '30 days'
