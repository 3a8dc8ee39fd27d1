-- Lists what export $1 will not contain: those of its chunks $2 that are not done. Their rows are locked. If a
-- condition of the deployment held all chunks back, that is the reason, and a smaller request would not help.
insert into sluice.missing (export_id, dataset, fingerprint, range_of, range_start, range_end, attempts, failure)
select l.export_id, c.dataset, c.fingerprint, c.range_of, c.range_start, c.range_end, c.attempt,
       jsonb_build_object('code', 'deadline', 'again', false, 'message',
           'the export''s deadline passed before this range was read'
           || coalesce('; last failure: ' || (c.failure ->> 'message'), '')
           || coalesce('; no chunk could start: ' || h.reason || '; retry the export when this condition has ended',
                       '; retry the export, or request less data'))
from sluice.link l join sluice.chunk c on c.id = l.chunk_id left join sluice.held() h on true
where l.export_id = $1 and c.id = any ($2) and c.state in ('due', 'sent', 'running')
