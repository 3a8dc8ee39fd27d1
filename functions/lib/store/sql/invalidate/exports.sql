-- Locks the exports that have one of chunks $1, in id order.
select from sluice.export e
where e.id in (select export_id from sluice.link where chunk_id = any ($1))
order by e.id
for no key update
