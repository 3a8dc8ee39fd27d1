//! Conversion of a server error into a violation of the dataset, with the remedy that resolves it.
//!
//! Of the server's report only the SQLSTATE is used. The missing privilege is looked up: for the names in the
//! definition, and for the relations below views.

use export::catalog::Definition;

use super::findings::{self, Findings};
use super::names;
use source::sql::literal;
use source::{Inspector, SourceCode, SourceError};

/// Maximum number of statements that are shown.
const MAX_STATEMENTS: usize = 5;

/// Relations that are read, and the role whose privilege counts: below a view that of the view's owner. Functions are
/// called with the privileges of the source role, in views too.
const READ: &str = "r (oid, role) as (
    select c.oid, (select u.oid from pg_catalog.pg_roles u where u.rolname = current_user) from w
    join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union
    select d.refobjid, case when 'security_invoker=true' = any (c.reloptions) then r.role else c.relowner end
    from r join pg_catalog.pg_class c on c.oid = r.oid and c.relkind = 'v'
    join pg_catalog.pg_rewrite v on v.ev_class = c.oid
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = v.oid
        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> c.oid
), f (oid) as (
    select p.oid from w join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = w.name
    union
    select d.refobjid from r join pg_catalog.pg_rewrite v on v.ev_class = r.oid
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = v.oid
        and d.refclassid = 'pg_catalog.pg_proc'::regclass
)";

/// Missing grants. The privilege on a schema is required for names written in the definition, not for relations
/// referred to by views.
const GRANTS: &str = "select distinct 1, format('grant usage on schema %I to %I', n.nspname, current_user)
from w join pg_catalog.pg_namespace n on n.nspname = w.schema
where not has_schema_privilege(n.oid, 'usage')
    and (exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = w.name)
        or exists (select from pg_catalog.pg_proc p where p.pronamespace = n.oid and p.proname = w.name))
union all
select 2, format('grant select on %I.%I to %I', n.nspname, c.relname, u.rolname)
from r join pg_catalog.pg_class c on c.oid = r.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_roles u on u.oid = r.role
where not has_table_privilege(r.role, c.oid, 'select')
union all
select 3, format('grant execute on function %I.%I(%s) to %I', n.nspname, p.proname,
    pg_catalog.pg_get_function_identity_arguments(p.oid), current_user)
from f join pg_catalog.pg_proc p on p.oid = f.oid join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where not has_function_privilege(p.oid, 'execute')
order by 1, 2";

/// Roles from which a policy would hide rows.
const BYPASSES: &str = "select distinct 1, format('alter role %I bypassrls', u.rolname)
from r join pg_catalog.pg_class c on c.oid = r.oid join pg_catalog.pg_roles u on u.oid = r.role
where c.relrowsecurity and not u.rolbypassrls and not u.rolsuper
    and (c.relforcerowsecurity or not pg_catalog.pg_has_role(u.oid, c.relowner, 'usage'))
order by 2";

/// Reports the error at the key that defines the relation or query. If a privilege is missing, the remedy is the
/// statement that grants it.
///
/// # Errors
/// If the missing privilege cannot be queried.
pub(super) async fn report(
    inspector: &mut Inspector,
    definition: &Definition,
    error: &SourceError,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    let remedy = match error.code {
        SourceCode::RowSecurity => {
            let statements = statements(inspector, definition, BYPASSES).await?;
            let end = "or export through a view of the table's owner";
            (!statements.is_empty()).then(|| format!("{}, {end}", statements.join(" and ")))
        }
        SourceCode::Permission => {
            let statements = statements(inspector, definition, GRANTS).await?;
            (!statements.is_empty()).then(|| statements.join(";\n    "))
        }
        _ => None,
    };
    findings.refusal(findings::key(definition), error, remedy);
    Ok(())
}

async fn statements(
    inspector: &mut Inspector,
    definition: &Definition,
    select: &str,
) -> Result<Vec<String>, SourceError> {
    let written = names::written(definition);
    if written.is_empty() {
        return Ok(Vec::new());
    }
    let pairs: Vec<_> =
        written.iter().map(|(schema, name)| format!("({}, {})", literal(schema), literal(name))).collect();
    let question = format!(
        "with recursive w (schema, name) as (values {}), {READ}\n{select}\nlimit {MAX_STATEMENTS}",
        pairs.join(", ")
    );
    let rows = inspector.texts(&question).await?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().nth(1).flatten()).collect())
}
