-- Names of an export's datasets, apart from its heads, which may be long: lists are filtered by them.
alter table sluice.export
    add column datasets jsonb not null generated always as (jsonb_path_query_array(heads, '$[*].name')) stored;
create index export_label on sluice.export (tenant, label, accepted_at desc, id desc) where label is not null;
