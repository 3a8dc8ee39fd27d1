-- Records that attempt $2 of chunk $1 reads at $3 (microseconds), and whether all its rows are settled then ($4), by
-- the horizon $5 (null: unknown); $6 is the proof for later checks (null: none). The back-off is deleted first, since its row is locked before a chunk row, as
-- everywhere. Reading proves nothing about the bucket. $7 is the cut whose snapshot is read (null: none): it must be that of
-- the chunk's export.
with over as (
    delete from sluice.back_off where until <= clock_timestamp() and signal not like 'storage%' returning 1
)
update sluice.chunk set as_of = sluice.from_micros($3), reusable = $4, horizon = sluice.from_micros($5), proof = $6
where id = $1 and attempt = $2::bigint and state = 'running' and (select count(*) from over) >= 0
  and ($7::uuid is null and not in_cut or exists (
      select from sluice.link l join sluice.export e on e.id = l.export_id
      where l.chunk_id = $1 and e.cut = $7 and e.cut_state = 'in'))
returning (select count(*) from over) > 0 as resumed
