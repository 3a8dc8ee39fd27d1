//! A refusal of the server as a violation of the dataset, with the remedy that ends it.

use std::collections::BTreeSet;

use export::catalog::Definition;

use super::findings::{self, Findings};
use crate::source::inspect::server_text;
use crate::source::sql::literal;
use crate::source::{Inspector, SourceError};

/// Grants that are named at most.
const MAX_GRANTS: usize = 5;

/// Reports it at the key that says what is read. Where a right is missing, the remedy is the statement that grants it.
///
/// # Errors
/// If the source cannot be asked which right that is.
pub(super) async fn report(
    inspector: &mut Inspector,
    definition: &Definition,
    error: &SourceError,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    let key = findings::key(definition);
    if error.sqlstate.as_deref() != Some("42501") {
        findings.refusal(key, error, None);
        return Ok(());
    }
    let roles = roles(inspector, definition).await?;
    let remedy = if findings::is_row_security(error) {
        let bypass: Vec<_> = roles.iter().map(|role| format!("alter role {role} bypassrls")).collect();
        format!("{}, or export through a view of the table's owner", bypass.join(" and "))
    } else {
        let grants = grants(inspector, &server_text(error), &roles).await?;
        if grants.is_empty() {
            format!("grant the right that the message names to {}", roles.join(" and "))
        } else {
            grants.join(";\n    ")
        }
    };
    findings.refusal(key, error, Some(remedy));
    Ok(())
}

/// Whose rights count, as SQL writes them. Tables below a view are read with those of the view's owner.
async fn roles(inspector: &mut Inspector, definition: &Definition) -> Result<Vec<String>, SourceError> {
    let (schema, name) = definition.relation.as_deref().and_then(|r| r.split_once('.')).unwrap_or_default();
    let question = format!(
        "select quote_ident(coalesce((
    select pg_catalog.pg_get_userbyid(c.relowner) from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = {} and c.relname = {} and c.relkind = 'v'
      and not coalesce('security_invoker=true' = any (c.reloptions), false)
), current_user))",
        literal(schema),
        literal(name)
    );
    Ok(inspector.texts(&question).await?.into_iter().flatten().flatten().collect())
}

/// The grants that are missing on what the message names. Names are the same in every language of the server.
async fn grants(inspector: &mut Inspector, text: &str, roles: &[String]) -> Result<Vec<String>, SourceError> {
    let words: BTreeSet<&str> = text
        .split(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '«' | '»' | '„' | '“' | '”' | ',' | ';')
        })
        .filter(|word| !word.is_empty())
        .collect();
    let words: Vec<_> = words.into_iter().map(literal).collect();
    let roles: Vec<_> = roles.iter().map(|role| format!("({}::regrole)", literal(role))).collect();
    if words.is_empty() || roles.is_empty() {
        return Ok(Vec::new());
    }
    let question = format!(
        "with w (role) as (values {}), t (word) as (select unnest(array[{}]))
select format('grant usage on schema %I to %s', n.nspname, w.role) from w, t
join pg_catalog.pg_namespace n on n.nspname = t.word
where not has_schema_privilege(w.role::oid, n.oid, 'usage')
union all
select format('grant select on %I.%I to %s', n.nspname, c.relname, w.role) from w, t
join pg_catalog.pg_class c on c.relname = t.word join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_' and not has_table_privilege(w.role::oid, c.oid, 'select')
union all
select format('grant execute on function %s to %s', p.oid::regprocedure, w.role) from w, t
join pg_catalog.pg_proc p on p.proname = t.word
where not has_function_privilege(w.role::oid, p.oid, 'execute')
limit {MAX_GRANTS}",
        roles.join(", "),
        words.join(", ")
    );
    Ok(inspector.texts(&question).await?.into_iter().flatten().flatten().collect())
}
