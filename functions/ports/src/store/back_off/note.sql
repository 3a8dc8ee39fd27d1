-- The source was found too busy: signal $1, seen $2, allowed $3. Those who find it within one back-off find the same one;
-- the next one is twice as long: 2 s, 4 s, 8 s ... 2 min.
insert into sluice.back_off as b (signal, seen, allowed, times, since, until)
values ($1, $2, $3, 1, clock_timestamp(), clock_timestamp() + interval '2 seconds')
on conflict (only_one) do update
set signal = excluded.signal, seen = excluded.seen, allowed = excluded.allowed, times = b.times + 1,
    until = clock_timestamp() + least(power(2, least(b.times + 1, 7)), 120) * interval '1 second'
where b.until <= clock_timestamp()
