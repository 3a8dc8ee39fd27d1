-- The page of exports of tenant $1, newest first: those of status $2 (null: all) after export $4 of time $3 (null:
-- from the newest), at most $5, with at most $6 bytes together and $8 chunks to count, but at least one; only exports
-- whose datasets are all in $7 (null: any), with dataset $9, label $10, labels $11, accepted from $12 on and before $13,
-- and $14 within the label in any case (null: any). The export with its progress follows.
--
-- One row more than requested shows whether there is a next page. The full check of a deadline, which reads the
-- request too, is made only for exports whose deadline seems to be over.
with page as materialized (
    select e.id, row_number() over newest as place, sum(e.page_bytes) over newest as bytes,
           -- The links of a live export are counted; counts of an ended one were stored at its end.
           sum(case when e.progress is null then e.links else 0 end) over newest as links
    from sluice.export e
    where e.tenant = $1
      and ($2::text is null or $2 = case
          when e.status in ('queued', 'running') and e.deadline_at < clock_timestamp() and sluice.overdue(e) then 'failed'
          else e.status end)
      and ($3::bigint is null or (e.accepted_at, e.id) < (sluice.from_micros($3), $4))
      and ($7::text[] is null or e.datasets <@ to_jsonb($7))
      and ($9::text is null or e.datasets ? lower($9))
      and ($10::text is null or e.label = $10)
      and ($14::text is null or strpos(lower(e.label), lower($14)) > 0)
      and ($11::jsonb is null or e.labels @> $11)
      and ($12::bigint is null or e.accepted_at >= sluice.from_micros($12))
      and ($13::bigint is null or e.accepted_at < sluice.from_micros($13))
    window newest as (order by e.accepted_at desc, e.id desc)
    order by e.accepted_at desc, e.id desc
    limit $5 + 1
)
select x.*, (select count(*) from page) as found
from page p cross join lateral (
