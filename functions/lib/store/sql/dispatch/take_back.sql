-- Makes those of chunks $1 due again whose message was not sent.
update sluice.chunk
set state = 'due', sends = greatest(sends - 1, 0)
where id = any ($1) and state = 'sent'
