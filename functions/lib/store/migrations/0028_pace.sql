-- Pace of a tenant: the time at which the chunks of its accepted exports are paid for, if max_chunks_per_minute of
-- them are paid for in each minute. An accept may run ahead of it by one minute.
alter table sluice.tenant_kept add column paid_until timestamptz not null default 'epoch';
-- Chunks of the export that count for it: a reused one counts less, because only its link is stored.
alter table sluice.export add column paid_chunks integer not null default 0;

create or replace function sluice.count_kept() returns trigger
    language plpgsql
as $$
begin
    -- In the order of tenants, so that two that delete many cannot wait for each other.
    insert into sluice.tenant_kept as k (tenant, exports, request_bytes, links, paid_until)
    select c.tenant, sum(step.sign), sum(step.sign * c.request_bytes), sum(step.sign * c.links),
           case tg_op when 'INSERT' then clock_timestamp() + sluice.time_to_pay(sum(c.paid_chunks)) else 'epoch' end
    from changed c, (values (case tg_op when 'INSERT' then 1 else -1 end)) as step (sign)
    group by c.tenant order by c.tenant
    on conflict (tenant) do update
        set exports = k.exports + excluded.exports, request_bytes = k.request_bytes + excluded.request_bytes,
            links = k.links + excluded.links,
            paid_until = case tg_op when 'INSERT'
                then excluded.paid_until + greatest(k.paid_until - clock_timestamp(), interval '0')
                else k.paid_until end;
    return null;
end
$$;
