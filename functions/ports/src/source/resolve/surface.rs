//! What a dataset reads from, and the columns it offers.

use std::collections::BTreeSet;

use export::catalog::{Definition, From};
use export::column::Column;
use export::request::near;

use super::findings::Findings;
use super::types::{self, Type};
use crate::source::sql::literal;
use crate::source::{Inspector, SourceError};

/// A relation or query, with all its columns.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) from: From,
    pub(super) columns: Vec<Found>,
    /// `None` for a query.
    pub(super) relation: Option<Relation>,
}

/// One column that could be exported.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) name: String,
    oid: u32,
    typmod: i32,
    type_name: String,
    /// As far as PostgreSQL can tell: columns of views and queries always are.
    pub(super) nullable: bool,
    /// Whether the role may read it.
    pub(super) readable: bool,
    pub(super) of: Type,
}

/// What is known of a table or view.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) oid: u32,
    /// `pg_class.relkind`.
    pub(super) kind: String,
    /// Schema and name as SQL writes them.
    pub(super) quoted: String,
    /// The role that asks, as SQL writes it.
    pub(super) role: String,
}

impl Found {
    /// The column as the catalog keeps it.
    pub(super) fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            type_name: self.type_name.clone(),
            oid: self.oid,
            typmod: self.typmod,
            kind: self.of.kind,
            read: self.of.read,
            labels: self.of.labels.clone(),
        }
    }
}

impl Surface {
    /// The column of that name; says so at `key` if there is none or it may not be read.
    pub(super) fn column(&self, name: &str, key: &str, findings: &mut Findings) -> Option<&Found> {
        let Some(found) = self.columns.iter().find(|column| column.name == name) else {
            let close = near(name, self.columns.iter().map(|column| column.name.as_str()));
            let remedy = if close.is_empty() {
                let names: Vec<_> = self.columns.iter().take(20).map(|column| column.name.as_str()).collect();
                let more = if self.columns.len() > names.len() { ", …" } else { "" };
                format!("the columns are {}{more}", names.join(", "))
            } else {
                format!("did you mean {}?", close.join(", "))
            };
            findings.violation(key, format!("there is no column {name:?}"), remedy);
            return None;
        };
        if !found.readable {
            findings.violation(
                key,
                format!("the source role may not read the column {name:?}"),
                self.grant(),
            );
        }
        found.readable.then_some(found)
    }

    /// The statement that lets the role read all of it.
    pub(super) fn grant(&self) -> String {
        self.relation
            .as_ref()
            .map_or_else(String::new, |r| format!("grant select on {} to {}", r.quoted, r.role))
    }
}

/// Finds what the definition reads; `None` after saying why it cannot be read at all.
pub(super) async fn find(
    inspector: &mut Inspector,
    definition: &Definition,
    findings: &mut Findings,
) -> Result<Option<Surface>, SourceError> {
    if let Some(key) = with_nul(definition) {
        findings.violation(key, "the text holds a NUL character", "remove it; PostgreSQL has no such names");
        return Ok(None);
    }
    match (&definition.query, definition.relation.as_deref().and_then(|name| name.split_once('.'))) {
        (Some(query), _) => query_surface(inspector, query, findings).await,
        (None, Some((schema, name))) => relation_surface(inspector, schema, name, findings).await,
        (None, None) => {
            findings.violation("", "neither relation nor query is given", "give one of them");
            Ok(None)
        }
    }
}

/// The key whose text could not be sent: NUL ends a message of the protocol.
fn with_nul(definition: &Definition) -> Option<&'static str> {
    let one = |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains('\0'));
    let many = |texts: &[String]| texts.iter().any(|text| text.contains('\0'));
    [
        ("relation", one(&definition.relation)),
        ("query", one(&definition.query)),
        ("range_column", one(&definition.range_column)),
        ("tenant_column", one(&definition.tenant_column)),
        ("columns", many(definition.columns.as_deref().unwrap_or_default())),
        ("exclude", many(&definition.exclude)),
        ("filters", many(&definition.filters)),
    ]
    .into_iter()
    .find_map(|(key, found)| found.then_some(key))
}

async fn query_surface(
    inspector: &mut Inspector,
    query: &str,
    findings: &mut Findings,
) -> Result<Option<Surface>, SourceError> {
    let from = From::Query(query.to_owned());
    let Some(described) = findings.answer("query", inspector.describe(&from).await)? else { return Ok(None) };
    let types = types::resolve(inspector, described.iter().filter_map(|(_, oid)| *oid)).await?;
    let (mut columns, mut said) = (Vec::new(), BTreeSet::new());
    for (name, oid) in described {
        if name == "?column?" || oid.is_none() {
            let message = if name == "?column?" {
                "a column has no name".to_owned()
            } else {
                format!("more than one column is called {name:?}")
            };
            if said.insert(name) {
                findings.violation("query", message, "give each column a name of its own with AS");
            }
        } else if let Some((oid, of)) = oid.and_then(|oid| Some((oid, types.get(&oid)?.clone()))) {
            let type_name = of.name.clone();
            columns.push(Found { name, oid, typmod: -1, type_name, nullable: true, readable: true, of });
        }
    }
    if columns.is_empty() && said.is_empty() {
        findings.violation("query", "the query has no columns", "select at least one");
    }
    Ok(Some(Surface { from, columns, relation: None }).filter(|_| said.is_empty()))
}

async fn relation_surface(
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
            format!("{quoted} was never filled"),
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
    // From PostgreSQL 18 on a NOT NULL may be declared without having been checked.
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
    let types = types::resolve(inspector, rows.iter().filter_map(|row| oid_of(row))).await?;
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
    let (message, known, prefix) = if schemas.contains(schema) {
        let here = rows.iter().filter(|row| cell(row, 0).as_deref() == Some(schema));
        let names = here.filter_map(|row| cell(row, 1)).collect();
        (format!("there is no relation {name:?} in schema {schema:?}"), names, format!("{schema}."))
    } else {
        (format!("there is no schema {schema:?}"), schemas, String::new())
    };
    let close: Vec<_> = near(if prefix.is_empty() { schema } else { name }, known.iter().map(String::as_str));
    let remedy = if close.is_empty() {
        "correct the name; it is taken literally, capitals too".to_owned()
    } else {
        format!(
            "did you mean {}?",
            close.iter().map(|c| format!("{prefix}{c}")).collect::<Vec<_>>().join(", ")
        )
    };
    findings.violation("relation", message, remedy);
    Ok(None)
}
