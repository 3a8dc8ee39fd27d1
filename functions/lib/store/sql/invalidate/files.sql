-- Counts the files of chunks $1.
select count(*) as files
from sluice.chunk
where id = any ($1) and state = 'done' and sha256 is not null
