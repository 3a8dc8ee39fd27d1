-- An export and how far it is; a `where` follows. Failed chunks that were listed at the deadline count on top.
select e.id::text, e.status, e.request::text, e.revision, e.heads::text, e.manifest_key,
       sluice.micros(e.accepted_at) as accepted, sluice.micros(e.started_at) as started, sluice.micros(e.ended_at) as ended,
       sluice.micros(e.expires_at) as expires, sluice.micros(e.deadline_at) as deadline,
       coalesce(e.progress, sluice.progress(e.id))::text as progress,
       (select count(*) from sluice.missing m where m.export_id = e.id and e.progress is not null) as missing,
       exists (select from sluice.setting where name = 'paused_at') as paused,
       (select count(*) from sluice.export q
        where q.tenant = e.tenant and q.status = 'queued' and (q.accepted_at, q.id) < (e.accepted_at, e.id)) as position,
       sluice.overdue(e) as overdue
from sluice.export e
