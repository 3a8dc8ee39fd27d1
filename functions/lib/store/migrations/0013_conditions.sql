-- Not the load of the source alone holds chunks back: any condition of the deployment does, and says in words which it is.
alter table sluice.back_off drop constraint back_off_signal_check;
alter table sluice.back_off alter column seen set default 0;
alter table sluice.back_off alter column allowed set default 0;
alter table sluice.back_off add column reason text not null default '';
-- The one chunk that went out to find out whether the condition is over.
alter table sluice.back_off add column probe uuid;

-- How often the session broke while this chunk was read. An outage breaks it once; a chunk that breaks it each time is to
-- blame itself.
alter table sluice.chunk add column breaks integer not null default 0;
