-- Chunks that an export was planned with: what it costs to look at while it is live, and to keep.
alter table sluice.export add column links integer not null default 0;
update sluice.export e set links = (select count(*) from sluice.link l where l.export_id = e.id);
alter table sluice.tenant_kept add column links bigint not null default 0;
update sluice.tenant_kept k
set links = (select coalesce(sum(e.links), 0) from sluice.export e where e.tenant = k.tenant);

create or replace function sluice.count_kept() returns trigger
    language plpgsql
as $$
begin
    -- In the order of tenants, so that two that delete many cannot wait for each other.
    insert into sluice.tenant_kept as k (tenant, exports, request_bytes, links)
    select c.tenant, sum(step.sign), sum(step.sign * c.request_bytes), sum(step.sign * c.links)
    from changed c, (values (case tg_op when 'INSERT' then 1 else -1 end)) as step (sign)
    group by c.tenant order by c.tenant
    on conflict (tenant) do update
        set exports = k.exports + excluded.exports, request_bytes = k.request_bytes + excluded.request_bytes,
            links = k.links + excluded.links;
    return null;
end
$$;

-- Whether a selection reads no tenant's own rows. Beside the body, which may be long and is stored apart.
alter table sluice.selection
    add column shared boolean not null generated always as ((body ->> 'tenantColumn') is null) stored;

-- What is to be removed is found tenant by tenant: what one of them leaves keeps no other waiting.
alter table sluice.litter add column tenant text not null generated always as (split_part(prefix, '/', 2)) stored;
create index litter_tenant on sluice.litter (tenant, sweep_at);
drop index sluice.litter_sweep;
create index litter_unless_named on sluice.litter (sweep_at) where unless_named;
create index chunk_removal_tenant on sluice.chunk (tenant, (emptied_at is not null), ended_at)
    where state in ('split', 'dying');
drop index sluice.chunk_removal;
