-- held(): the reason why nothing starts, its start and its end; at most one row.
--
-- A back-off remains until a chunk has shown that it is over. A back-off that ended more than two minutes ago, with
-- no probe in flight, is not reported: the chunks it held back are gone. Without a back-off, chunks may wait for
-- workers that do not start: their messages were sent several times, and nothing runs. While a chunk runs, the others
-- may just wait for their turn.
create or replace function sluice.held() returns table (signal text, reason text, since timestamptz, until timestamptz)
    language sql stable
as $$
    select b.signal, b.reason, b.since, b.until
    from sluice.back_off b
    where b.until > clock_timestamp() - interval '2 minutes'
       or exists (select from sluice.chunk c where c.id = b.probe and c.state in ('sent', 'running'))
    union all
    select 'no_worker',
           'wake-up messages were sent several times but no worker took a chunk; check the log of the worker and the trigger of its queue',
           s.since, s.until
    from (
        select min(c.due_at) as since,
               min(c.sent_at + least(sluice.resend_after() * power(2, least(greatest(c.sends, 1), 10) - 1), interval '15 minutes')) as until
        from sluice.chunk c
        where c.state = 'sent' and c.sends >= 3
          and not exists (select from sluice.chunk r where r.state = 'running')
          and not exists (select from sluice.back_off)
    ) s
    where s.since is not null
$$;
