-- What every migration needs: the schema, and the table of the migrations that were applied. It has no number in that
-- table, and runs every time.
create schema if not exists sluice;
create table if not exists sluice.migration (
    version integer primary key,
    name text not null,
    applied_at timestamptz not null default now()
);
