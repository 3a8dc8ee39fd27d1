//! The relation or query of a dataset, and the columns it offers.

mod query;
mod relation;

use export::catalog::{Definition, From};
use export::column::Column;
use export::near::near;

use super::column_type::Type;
use super::findings::Findings;
use source::{Inspector, SourceError};

/// A relation or query, with all its columns.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) from: From,
    pub(super) columns: Vec<Found>,
    /// Properties of the relation; `None` for a query.
    pub(super) relation: Option<Relation>,
}

/// One column that could be exported.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) name: String,
    oid: u32,
    typmod: i32,
    type_name: String,
    /// True if it may be NULL as far as PostgreSQL can determine; always true for columns of views and queries.
    pub(super) nullable: bool,
    /// True if the role may read it.
    pub(super) readable: bool,
    pub(super) of: Type,
}

/// Properties of a table or view.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) oid: u32,
    /// `pg_class.relkind`.
    pub(super) kind: String,
    /// Schema and name in SQL form.
    pub(super) quoted: String,
    /// The inspecting role, in SQL form.
    pub(super) role: String,
}

impl Found {
    /// Returns the column as the catalog stores it.
    pub(super) fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            type_name: self.type_name.clone(),
            oid: self.oid,
            typmod: self.typmod,
            kind: self.of.kind,
            array: self.of.array,
            as_text: false,
            read: self.of.read,
            labels: self.of.labels.clone(),
            compare: None,
        }
    }
}

impl Surface {
    /// Returns the column of that name; adds a violation at `key` if there is none or it may not be read.
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

    /// Returns the statement that allows the role to read all of it.
    pub(super) fn grant(&self) -> String {
        self.relation
            .as_ref()
            .map_or_else(String::new, |r| format!("grant select on {} to {}", r.quoted, r.role))
    }
}

/// Finds the relation or query of the definition; `None` after reporting why it cannot be read at all.
pub(super) async fn find(
    inspector: &mut Inspector,
    definition: &Definition,
    findings: &mut Findings,
) -> Result<Option<Surface>, SourceError> {
    if let Some(key) = with_nul(definition) {
        findings.violation(
            key,
            "the text contains a NUL character",
            "remove it; PostgreSQL names cannot contain it",
        );
        return Ok(None);
    }
    match (&definition.query, definition.relation_name()) {
        (Some(query), _) => query::find(inspector, query, findings).await,
        (None, Some(of)) => relation::find(inspector, &of.schema, &of.name, findings).await,
        (None, None) => {
            findings.violation("", "relation or query is required", "choose one of them");
            Ok(None)
        }
    }
}

/// Returns the key whose text cannot be sent: NUL ends a message of the protocol.
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
        ("as_text", many(&definition.as_text)),
        ("filters", many(&definition.filters)),
    ]
    .into_iter()
    .find_map(|(key, found)| found.then_some(key))
}
