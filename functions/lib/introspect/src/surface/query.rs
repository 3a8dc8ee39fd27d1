//! Columns of a query.

use std::collections::BTreeSet;

use export::catalog::From;

use super::super::column_type;
use super::super::findings::Findings;
use super::{Found, Surface};
use source::{Inspector, SourceError};

/// Describes a query; `None` after reporting why it cannot be read.
pub(super) async fn find(
    inspector: &mut Inspector,
    query: &str,
    findings: &mut Findings,
) -> Result<Option<Surface>, SourceError> {
    let from = From::Query(query.to_owned());
    let described = inspector.describe(&from).await?;
    let types = column_type::resolve(inspector, described.iter().filter_map(|(_, oid)| *oid)).await?;
    let (mut columns, mut said) = (Vec::new(), BTreeSet::new());
    for (name, oid) in described {
        if name == "?column?" || oid.is_none() {
            let message = if name == "?column?" {
                "a column has no name".to_owned()
            } else {
                format!("more than one column is named {name:?}")
            };
            if said.insert(name) {
                findings.violation("query", message, "give each column a unique name with AS");
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
