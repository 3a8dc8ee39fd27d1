-- Records a test event of tenant $2 for receiver $1 alone, and returns its id.
with noted as (
    insert into sluice.event (export_id, number, tenant, type, data)
    values ('00000000-0000-0000-0000-000000000000', sluice.micros(clock_timestamp()), $2, 'sluice.test', '{}')
    returning id, number, export_id
)
insert into sluice.notice (event_id, receiver_id, export_id, number)
-- Each test has an order of its own, so that it waits for no other one.
select id, $1, id, number from noted
returning event_id as id
