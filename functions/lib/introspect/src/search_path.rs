//! Schemas of `search_path`: PostgreSQL silently skips those that do not exist or may not be used.

use export::catalog::Definition;

use super::findings::Findings;
use source::sql::literal;
use source::{Inspector, SourceError};

/// Reports each schema in which nothing could be found.
pub(super) async fn check(
    inspector: &mut Inspector,
    definition: &Definition,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    if definition.search_path.is_empty() {
        return Ok(());
    }
    let names: Vec<String> =
        definition.search_path.iter().map(|name| format!("({})", literal(name))).collect();
    let question = format!(
        "select v.name, pg_catalog.has_schema_privilege(n.oid, 'usage')::text, pg_catalog.quote_ident(v.name),
    pg_catalog.quote_ident(current_user)
from (values {}) v (name) left join pg_catalog.pg_namespace n on n.nspname = v.name",
        names.join(", ")
    );
    for row in inspector.texts(&question).await? {
        let Ok([Some(name), usage, Some(schema), Some(role)]) = <[_; 4]>::try_from(row) else { continue };
        match usage.as_deref() {
            Some("true") => {}
            None => {
                findings.violation("search_path", format!("there is no schema {name:?}"), "correct the name");
            }
            Some(_) => findings.violation(
                "search_path",
                format!("the source role {role} may not use the schema {schema}"),
                format!("grant usage on schema {schema} to {role}"),
            ),
        }
    }
    Ok(())
}
