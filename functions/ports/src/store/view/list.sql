-- The page of exports of tenant $1, newest first: those of status $2 (null: all) behind export $4 of time $3 (null: from the
-- newest), at most $5, and no more than have $6 bytes together or $8 chunks to count, but one in any case; of all their datasets
-- in $7 (null: any). An export and how far it is follows.
--
-- One more than asked for tells whether there is a next page. An export whose deadline is over is only looked at closely,
-- which reads its request too, where it seems to be.
with page as materialized (
    select e.id, row_number() over newest as place, sum(e.page_bytes) over newest as bytes,
           -- Those of a live export are counted; what was counted at its end is kept.
           sum(case when e.progress is null then e.links else 0 end) over newest as links
    from sluice.export e
    where e.tenant = $1
      and ($2::text is null or $2 = case
          when e.status in ('queued', 'running') and e.deadline_at < clock_timestamp() and sluice.overdue(e) then 'failed'
          else e.status end)
      and ($3::bigint is null or (e.accepted_at, e.id) < (sluice.from_micros($3), $4::text::uuid))
      and ($7::text[] is null
           or not exists (select from jsonb_array_elements(e.heads) h where h ->> 'name' <> all ($7)))
    window newest as (order by e.accepted_at desc, e.id desc)
    order by e.accepted_at desc, e.id desc
    limit $5 + 1
)
select x.*, (select count(*) from page) as found
from page p cross join lateral (
