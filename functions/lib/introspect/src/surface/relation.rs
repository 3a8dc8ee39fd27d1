//! Look-up of a table or view: its existence, the role's privileges, and its columns.

use std::collections::BTreeSet;

use export::catalog::{From, RelationName};
use export::near::near;

use super::super::column_type;
use super::super::findings::Findings;
use super::{Found, Relation, Surface};
use source::sql::literal;
use source::{Inspector, SourceError};

/// Looks a relation up; `None` after reporting why it cannot be read.
pub(super) async fn find(
    inspector: &mut Inspector,
    schema: &str,
    name: &str,
    findings: &mut Findings,
) -> Result<Option<Surface>, SourceError> {
    let question = format!(
        "select c.oid::bigint, c.relkind::text, has_schema_privilege(n.oid, 'usage'), row_security_active(c.oid),
    c.relispopulated, quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(current_user),
    quote_ident(n.nspname), c.relkind in ('r', 'm') and c.reltuples < 0 and pg_relation_size(c.oid) > 0
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = {} and c.relname = {}",
        literal(schema),
        literal(name)
    );
    let rows = inspector.texts(&question).await?;
    let Some(row) = rows.into_iter().next() else {
        return missing(inspector, schema, name, findings).await;
    };
    let mut cells = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || cells.next().unwrap_or_default();
    let (oid, kind, usage, hidden, populated) = (next(), next(), next(), next(), next());
    let (quoted, role, schema_quoted, fresh) = (next(), next(), next(), next());
    let what = match kind.as_str() {
        "r" | "p" | "v" | "m" | "f" => None,
        "S" => Some("a sequence"),
        "c" => Some("a composite type"),
        "i" | "I" => Some("an index"),
        _ => Some("neither a table nor a view"),
    };
    if let Some(what) = what {
        findings.violation(
            "relation",
            format!("{quoted} is {what}"),
            "name a table, a view or a materialized view",
        );
        return Ok(None);
    }
    let before = findings.violations();
    if usage == "f" {
        let message = format!("the source role {role} may not use the schema {schema_quoted}");
        findings.violation("relation", message, format!("grant usage on schema {schema_quoted} to {role}"));
    }
    if hidden == "t" {
        let message = format!("row-level security of {quoted} would hide rows from the source role {role}");
        let remedy = format!("alter role {role} bypassrls, or export through a view of the table's owner");
        findings.violation("relation", message, remedy);
    }
    if populated == "f" {
        findings.violation(
            "relation",
            format!("the materialized view {quoted} is not populated"),
            format!("refresh materialized view {quoted}"),
        );
    }
    if fresh == "t" {
        let message = format!("{quoted} was never analyzed, so the estimates are guesses");
        findings.warning("relation", message, format!("analyze {quoted}; then apply the catalog again"));
    }
    let oid = oid.parse().unwrap_or_default();
    let columns = relation_columns(inspector, oid).await?;
    let relation = Relation { oid, kind, quoted, role };
    let from = From::Relation { schema: schema.to_owned(), name: name.to_owned() };
    let surface = Surface { from, columns, relation: Some(relation) };
    if !surface.columns.iter().any(|column| column.readable) {
        let quoted = surface.relation.as_ref().map_or("", |r| &r.quoted);
        findings.violation("relation", format!("the source role may not read {quoted}"), surface.grant());
    }
    Ok(Some(surface).filter(|_| findings.violations() == before))
}

async fn relation_columns(inspector: &mut Inspector, relation: u32) -> Result<Vec<Found>, SourceError> {
    // From PostgreSQL 18 on, a NOT NULL constraint may be declared without having been checked.
    let question = format!(
        "select a.attname::text, a.atttypid::bigint, a.atttypmod, format_type(a.atttypid, a.atttypmod),
    a.attnotnull and not exists (select from pg_catalog.pg_constraint k where k.conrelid = a.attrelid
        and k.contype = 'n' and a.attnum = any (k.conkey) and not k.convalidated),
    has_column_privilege(a.attrelid, a.attnum, 'select')
from pg_catalog.pg_attribute a
where a.attrelid = {relation} and a.attnum > 0 and not a.attisdropped
order by a.attnum"
    );
    let rows = inspector.texts(&question).await?;
    let oid_of = |row: &[Option<String>]| row.get(1)?.as_deref()?.parse().ok();
    let types = column_type::resolve(inspector, rows.iter().filter_map(|row| oid_of(row))).await?;
    let read = |row: Vec<Option<String>>| {
        let [name, oid, typmod, type_name, not_null, readable] = <[_; 6]>::try_from(row).ok()?;
        let oid = oid?.parse().ok()?;
        let of = types.get(&oid)?.clone();
        let typmod = typmod?.parse().ok().filter(|&own| own != -1).unwrap_or(of.typmod);
        let (nullable, readable) = (not_null? == "f", readable? == "t");
        Some(Found { name: name?, oid, typmod, type_name: type_name?, nullable, readable, of })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

async fn missing(
    inspector: &mut Inspector,
    schema: &str,
    name: &str,
    findings: &mut Findings,
) -> Result<Option<Surface>, SourceError> {
    let question = "select n.nspname::text, c.relname::text
from pg_catalog.pg_namespace n
left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";
    let rows = inspector.texts(question).await?;
    let cell = |row: &[Option<String>], i: usize| row.get(i).cloned().flatten();
    let schemas: BTreeSet<String> = rows.iter().filter_map(|row| cell(row, 0)).collect();
    let (message, known, within) = if schemas.contains(schema) {
        let here = rows.iter().filter(|row| cell(row, 0).as_deref() == Some(schema));
        let names = here.filter_map(|row| cell(row, 1)).collect();
        (format!("there is no relation {name:?} in schema {schema:?}"), names, true)
    } else {
        (format!("there is no schema {schema:?}"), schemas, false)
    };
    let close: Vec<_> = near(if within { name } else { schema }, known.iter().map(String::as_str));
    let written = |close: &&str| match within {
        true => RelationName { schema: schema.to_owned(), name: (*close).to_owned() }.to_string(),
        false => (*close).to_owned(),
    };
    let remedy = if close.is_empty() {
        "correct the name; it is used literally and is case-sensitive".to_owned()
    } else {
        format!("did you mean {}?", close.iter().map(written).collect::<Vec<_>>().join(", "))
    };
    findings.violation("relation", message, remedy);
    Ok(None)
}
