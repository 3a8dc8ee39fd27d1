-- Chunks $1 lost a link: those without any link are released, unless they are settled and may be reused. A chunk that
-- was never leased has no objects, so its row is deleted at once.
with never_read as (
    delete from sluice.chunk c
    where c.id = any ($1) and c.state in ('due', 'sent') and c.attempt = 0
      and not exists (select from sluice.link l where l.chunk_id = c.id)
)
update sluice.chunk c
set state = 'dying', reusable = false, ended_at = clock_timestamp(), lease_until = null
where c.id = any ($1)
  and (c.state in ('running', 'done', 'failed') or (c.state in ('due', 'sent') and c.attempt > 0))
  and not exists (select from sluice.link l where l.chunk_id = c.id)
  and not (c.state = 'done' and c.reusable and coalesce(c.keep_until > clock_timestamp(), false))
