-- Records that a condition was met: signal $1, reason $2. Attempts that meet it within one back-off wait for the same
-- time; the next back-off is twice as long: 2 s, 4 s, 8 s ... 2 min. A row that was not needed for ten minutes starts
-- again at 2 s.
insert into sluice.back_off as b (signal, reason, times, since, until)
values ($1, $2, 1, clock_timestamp(), clock_timestamp() + interval '2 seconds')
on conflict (only_one) do update
set (times, until) = (
        select n.times, clock_timestamp() + least(power(2, least(n.times, 7)), 120) * interval '1 second'
        from (select case when b.until < clock_timestamp() - interval '10 minutes' then 1 else b.times + 1 end as times) n),
    since = case when b.signal = excluded.signal and b.until >= clock_timestamp() - interval '10 minutes' then b.since
        else clock_timestamp() end,
    signal = excluded.signal, reason = excluded.reason, probe = null
where b.until <= clock_timestamp()
