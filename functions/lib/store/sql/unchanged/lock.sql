-- Locks the chunks $1 in id order. Their state is read by a later statement.
select from sluice.chunk where id = any ($1) order by id for update
