-- Pauses all exports from now on, unless they are paused.
insert into sluice.setting (name, value)
values ('paused_at', clock_timestamp()::text)
on conflict do nothing
