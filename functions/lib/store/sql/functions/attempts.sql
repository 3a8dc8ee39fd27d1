-- Rules about attempts that statements and programs share. The programs' definitions are in `export::object_key` and
-- `export::failure`; a test compares them.

-- Prefix of the object that an attempt may write; its extension follows. Without the casts the operators would not be
-- immutable, and the planner could not put the expression in place of the call.
create or replace function sluice.attempt_prefix(tenant text, chunk uuid, attempt integer) returns text
    language sql immutable
as $$
    select 't/' || tenant || '/c/' || chunk::text || '/' || attempt::text || '.'
$$;

-- Attempts after which a failure that allows another attempt is final.
create or replace function sluice.max_failures() returns integer
    language sql immutable
as $$
    select 8
$$;
