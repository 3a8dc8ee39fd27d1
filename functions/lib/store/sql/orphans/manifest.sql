-- Records manifest $1 as orphaned in a day, unless an export refers to it by then.
insert into sluice.litter (prefix, sweep_at, unless_named)
values ($1, clock_timestamp() + interval '1 day', true)
on conflict (prefix) do nothing
