-- limits_of(): limits on the next export of a tenant: live exports, stored data, chunks of this minute, and use of this
-- day. One row.
create or replace function sluice.limits_of(of_tenant text) returns table (
        is_full boolean, max_active bigint, max_queued bigint, kept_exports bigint, kept_bytes bigint, kept_chunks bigint,
        max_kept_exports bigint, max_kept_bytes bigint, max_kept_chunks bigint, max_chunks_per_minute bigint,
        unpaid_secs double precision, used_up text, max_per_day bigint, day_ends_secs double precision)
    language sql volatile
as $$
    select sluice.is_full(of_tenant), sluice.max_active(), sluice.max_queued(),
           -- Deleted exports count until their objects are removed from the bucket.
           coalesce(k.exports, 0) + (
               select count(*)
               from (select from sluice.litter l where l.tenant = of_tenant limit sluice.max_kept_exports()) l
           ),
           coalesce(k.request_bytes, 0), coalesce(k.links, 0),
           sluice.max_kept_exports(), sluice.max_kept_bytes(), sluice.max_kept_chunks(), sluice.max_chunks_per_minute(),
           greatest(extract(epoch from k.paid_until - clock_timestamp() - interval '1 minute'), 0)::float8,
           d.parameter, d.maximum,
           extract(epoch from (sluice.today() + 1)::timestamp at time zone 'UTC' - clock_timestamp())::float8
    from (values (1)) as one (one)
    left join sluice.tenant_kept k on k.tenant = of_tenant
    left join lateral (
        select l.parameter, l.maximum from sluice.daily_limits(of_tenant) l
        where l.used >= l.maximum order by l.parameter limit 1
    ) d on true
$$;

-- candidates(): the chunks of a tenant inside target spans that might be reused. `starts` and `ends` are null for a
-- target without a range column.
--
-- A chunk that waits for a cut, or is read in one, belongs to its export alone until it is done: if the cut is lost, it
-- is read again. The condition on the state is that of the index chunk_reuse, so chunks that cannot be reused are not read. `offset 0`
-- makes each target span a search of the index. Without it the planner may read every chunk of the tenant instead, if
-- the statistics are older than these chunks.
create or replace function sluice.candidates(of_tenant text, fingerprints bytea[], starts bigint[], ends bigint[])
    returns setof sluice.chunk
    language sql stable
as $$
    with wanted as materialized (
        select distinct w.*
        from unnest(fingerprints, starts, ends) as w (fingerprint, range_start, range_end)
    )
    select c.* from wanted w cross join lateral (
        select c.* from sluice.chunk c
        where c.tenant = of_tenant and c.fingerprint = w.fingerprint
          and (c.state in ('due', 'sent') or (c.state in ('running', 'done') and c.reusable))
          and (c.state = 'done' or not c.in_cut)
          and c.range_start >= w.range_start and c.range_start < w.range_end and c.range_end <= w.range_end
        offset 0
    ) c
    union all
    select c.* from (select distinct w.fingerprint from wanted w) as w cross join lateral (
        select c.* from sluice.chunk c
        where c.tenant = of_tenant and c.fingerprint = w.fingerprint
          and (c.state in ('due', 'sent') or (c.state in ('running', 'done') and c.reusable))
          and (c.state = 'done' or not c.in_cut)
          and c.range_start is null
        offset 0
    ) c
$$;

-- proven(): the chunks of a tenant inside target spans that were read and have a proof, so that a new chunk may check
-- them; of chunks with the same range the one that was read last. None if checks are off. In the order of candidates(),
-- and for the same reasons.
create or replace function sluice.proven(of_tenant text, fingerprints bytea[], starts bigint[], ends bigint[])
    returns setof sluice.chunk
    language sql stable
as $$
    with wanted as materialized (
        select distinct w.*
        from unnest(fingerprints, starts, ends) as w (fingerprint, range_start, range_end)
        where sluice.are_checked()
    )
    select c.* from wanted w cross join lateral (
        select distinct on (c.range_start, c.range_end) c.* from sluice.chunk c
        where c.tenant = of_tenant and c.fingerprint = w.fingerprint
          and c.state = 'done' and c.proof is not null
          and c.range_start >= w.range_start and c.range_start < w.range_end and c.range_end <= w.range_end
        order by c.range_start, c.range_end, c.as_of desc
        offset 0
    ) c
    union all
    select c.* from (select distinct w.fingerprint from wanted w) as w cross join lateral (
        select distinct on (c.range_of) c.* from sluice.chunk c
        where c.tenant = of_tenant and c.fingerprint = w.fingerprint
          and c.state = 'done' and c.proof is not null
          and c.range_start is null
        order by c.range_of, c.as_of desc
        offset 0
    ) c
$$;

-- accept(): stores export `new_id` of a tenant if the plan that was made for it still holds; its selections, chunks and
-- links follow in the same transaction (accept/chunks.sql).
--
-- The caller has locked the tenant's row (accept/enter.sql). This is one function because hundreds of requests of a
-- tenant may arrive at once, and each round trip under that lock delays all that follow.
--
-- READ COMMITTED and volatile: every statement below reads what was committed before it began. Without sequential
-- scans and jit, as dispatch(): a session keeps the plans of its first calls, when the tables were empty.
--
-- The plan holds if the same chunks may be reused as when it was made: `usable`, in the order of ids; null if the caller
-- has locked them. Chunks that were read count if they were read at `read_since` or later (microseconds; null: at any
-- time). `reused` are the chunks that the plan reuses, and `reads_new` is true if it has new ones.
--
-- Outcomes: `accepted`; `decide`: an earlier export has the key, a limit is reached, or the plan no longer holds, so the
-- request must be decided again; `catalog`: another catalog is in force. `read` are those of `reused` that are
-- read; a chunk may have been read, or invalidated, since the plan was made.
create or replace function sluice.accept(
        of_tenant text, idempotency_key text, body bytea, sent bytea,
        fingerprints bytea[], starts bigint[], ends bigint[], read_since bigint, usable uuid[],
        reused uuid[], reads_new boolean,
        new_id uuid, new_request jsonb, new_revision text, new_heads jsonb, deadline_secs bigint,
        link_count integer, to_pay integer, out outcome text, out read uuid[])
    language plpgsql volatile
    set enable_seqscan = off
    set jit = off
as $$
declare
    limits record;
    accepted timestamptz;
    -- No check is wanted if nothing that was read before may be used (export::plan::Reuse::Never).
    checked_too constant boolean := read_since is distinct from 9223372036854775807;
begin
    outcome := 'decide';
    -- The key belongs to the tenant, so no other accept can be deciding about it.
    if exists (select from sluice.idempotency i where i.tenant = of_tenant and i.key = idempotency_key) then
        return;
    end if;
    -- The state of the chunks is read by later statements: the snapshot of this one may be older than the locks that it
    -- waits for.
    perform from sluice.chunk c where c.id = any (reused) order by c.id for update;
    -- Accepts of one tenant are serialised by its row, so this reads the chunks of all earlier ones.
    if usable <> coalesce((
        select array_agg(c.id order by c.id) from sluice.candidates(of_tenant, fingerprints, starts, ends) c
        where (c.state in ('due', 'sent') and (checked_too or c.checks is null))
           or (c.state in ('running', 'done') and c.horizon is not null and (read_since is null or sluice.micros(c.as_of) >= read_since))
    ), '{}') then
        return;
    end if;
    select coalesce(array_agg(c.id), '{}') into read from sluice.chunk c where c.id = any (reused) and c.state = 'done';
    select * into limits from sluice.limits_of(of_tenant);
    if limits.max_chunks_per_minute > 0 and limits.unpaid_secs > 0
       or limits.kept_exports >= limits.max_kept_exports
       or limits.kept_chunks >= limits.max_kept_chunks
       or limits.kept_bytes >= limits.max_kept_bytes
       -- A request whose chunks are all read already waits for nothing.
       or (limits.is_full or limits.used_up is not null) and (reads_new or cardinality(read) < cardinality(reused)) then
        return;
    end if;
    accepted := sluice.from_micros(sluice.micros(clock_timestamp()));
    insert into sluice.export (id, tenant, request, revision, heads, accepted_at, queued_at, deadline_at, links,
                               paid_chunks, label, labels, cut_state)
    select new_id, of_tenant, new_request, new_revision, new_heads, accepted, accepted,
           accepted + deadline_secs * interval '1 second', link_count, to_pay,
           new_request ->> 'label', coalesce(new_request -> 'labels', '{}'),
           case when new_request ->> 'consistency' = 'snapshot' then 'waiting' end
    where coalesce(sluice.revision_in_force() = new_revision, true);
    if not found then
        outcome := 'catalog';
        return;
    end if;
    insert into sluice.delivery (export_id, tenant, destination)
    select new_id, of_tenant, new_request ->> 'destination' where new_request ? 'destination';
    insert into sluice.idempotency (tenant, key, body_sha256, sent_sha256, export_id)
    select of_tenant, idempotency_key, body, sent, new_id where idempotency_key is not null;
    outcome := 'accepted';
end
$$;
