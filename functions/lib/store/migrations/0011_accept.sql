-- Of chunks that were read only those that are settled are ever looked at again: the index has no others.
drop index sluice.chunk_reuse;
create index chunk_reuse on sluice.chunk (tenant, fingerprint, range_start)
    where state in ('due', 'sent') or (state in ('running', 'done') and reusable);

-- Bytes of the request, of which a tenant may keep only so many; and of all that an export takes on a page of a list,
-- which ends by them. A column of its own, so that neither is read for its length.
alter table sluice.export
    add column request_bytes bigint not null generated always as (octet_length(request::text)) stored,
    add column page_bytes bigint not null
        generated always as (octet_length(request::text) + octet_length(heads::text)) stored;

-- What each tenant keeps: its exports, live or ended, and the bytes of their requests. Counted as they come and go, so
-- that nothing has to be counted when one more comes.
create table sluice.tenant_kept (
    tenant text primary key,
    exports bigint not null,
    request_bytes bigint not null
);
insert into sluice.tenant_kept
select tenant, count(*), sum(request_bytes) from sluice.export group by tenant;

create function sluice.count_kept() returns trigger
    language plpgsql
as $$
begin
    -- In the order of tenants, so that two that delete many cannot wait for each other.
    insert into sluice.tenant_kept as k (tenant, exports, request_bytes)
    select c.tenant, sum(step.sign), sum(step.sign * c.request_bytes)
    from changed c, (values (case tg_op when 'INSERT' then 1 else -1 end)) as step (sign)
    group by c.tenant order by c.tenant
    on conflict (tenant) do update
        set exports = k.exports + excluded.exports, request_bytes = k.request_bytes + excluded.request_bytes;
    return null;
end
$$;
create trigger export_kept after insert on sluice.export
    referencing new table as changed for each statement execute function sluice.count_kept();
create trigger export_no_longer_kept after delete on sluice.export
    referencing old table as changed for each statement execute function sluice.count_kept();

-- Canceled before it had a file: it goes soon, since there is nothing of it to fetch.
create index export_without_files on sluice.export (ended_at)
    where status = 'canceled' and progress ->> 'chunksDone' = '0';

-- Failed chunks that no export has any more are found without reading those that are kept.
create index chunk_failed on sluice.chunk (ended_at) where state = 'failed';
