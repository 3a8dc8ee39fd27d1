-- An export and its progress; a `where` follows. Missing chunks are added to the failed ones.
select e.id, e.status, e.request, e.revision, e.heads, e.manifest_key,
       sluice.micros(e.accepted_at) as accepted, sluice.micros(e.started_at) as started, sluice.micros(e.ended_at) as ended,
       sluice.micros(e.expires_at) as expires, sluice.micros(e.deadline_at) as deadline,
       coalesce(e.progress, sluice.progress(e.id)) as progress,
       (select count(*) from sluice.missing m where m.export_id = e.id) as missing,
       exists (select from sluice.setting where name = 'paused_at') as paused,
       b.signal, b.reason, sluice.micros(b.since) as since, sluice.micros(b.until) as until,
       -- Position among the tenant's exports that wait for their turn, from 1; 0 when it has its turn.
       case when e.status = 'queued' and not exists (select from sluice.export_turn t where t.export_id = e.id) then
           (select count(*) from sluice.export q
            where q.tenant = e.tenant and q.status in ('queued', 'running') and (q.queued_at, q.id) <= (e.queued_at, e.id)
              and not exists (select from sluice.export_turn t where t.export_id = q.id))
       else 0 end as position,
       e.status in ('queued', 'running') and e.deadline_at < clock_timestamp() and sluice.overdue(e) as overdue,
       e.cut_state is not null as in_one_cut,
       e.status in ('queued', 'running') and e.cut_state is not null
           and (e.cut_state <> 'in' or c.state = 'opening') as waits_for_cut,
       e.cut_losses as losses, sluice.micros(c.as_of) as cut_as_of, c.lsn as cut_lsn,
       d.state as delivery_state, d.destination, d.files_total, d.files_done, d.bytes_done, d.manifest as delivered_manifest,
       sluice.micros(d.delivered_at) as delivered_at, d.errors as delivery_errors,
       case when d.state = 'due' and d.failures > 0 then sluice.micros(d.due_at) end as next_delivery
from sluice.export e left join sluice.held() b on true left join sluice.cut c
    on c.id = e.cut and (e.cut_state = 'in' or e.status = 'succeeded')
    left join sluice.delivery d on d.export_id = e.id
