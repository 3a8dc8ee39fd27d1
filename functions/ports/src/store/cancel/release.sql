-- Chunks $1 lost a link: those without any are let go, unless they are settled and may be reused.
update sluice.chunk c
set state = 'dying', reusable = false, ended_at = clock_timestamp(), lease_until = null
where c.id = any ($1::text[]::uuid[])
  and c.state in ('due', 'sent', 'running', 'done', 'failed')
  and not exists (select from sluice.link l where l.chunk_id = c.id)
  and not (c.state = 'done' and c.reusable and coalesce(c.keep_until > clock_timestamp(), false))
