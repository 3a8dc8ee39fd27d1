-- Label and labels of an export, copied from its request, by which lists are filtered.
alter table sluice.export add column label text;
alter table sluice.export add column labels jsonb not null default '{}';

-- Places of clients that wait for a change of an export (long poll): a tenant has few, so that its waiting clients
-- cannot occupy all processes of the api. A place is free again when its time is over, whatever became of its process.
create table sluice.wait (
    tenant text not null,
    place integer not null,
    until timestamptz not null,
    primary key (tenant, place)
);
