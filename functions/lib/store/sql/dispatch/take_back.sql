-- Makes those of chunks and keepers $1 due again whose message was not sent.
with keepers as (
    update sluice.keeper set state = 'due', sends = greatest(sends - 1, 0) where id = any ($1) and state = 'sent'
)
update sluice.chunk
set state = 'due', sends = greatest(sends - 1, 0)
where id = any ($1) and state = 'sent'
