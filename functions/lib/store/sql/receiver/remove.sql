-- Removes receiver $1, with all that was recorded for it.
delete from sluice.receiver where id = $1
