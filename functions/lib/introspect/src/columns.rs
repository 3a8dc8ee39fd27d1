//! Columns to export, columns to filter on, and the tenant column.

use export::catalog::{Definition, TenantColumn, TenantType};
use export::column::{Column, ColumnType};

use super::compare;
use super::findings::Findings;
use super::surface::{Found, Surface};
use source::from_clause;
use source::sql::{identifier, is_deterministic};
use source::{Inspector, SourceError};

/// Returns the exported columns: those listed, or all, in that order; without the excluded ones.
pub(super) fn exported(definition: &Definition, surface: &Surface, findings: &mut Findings) -> Vec<Column> {
    let excluded: Vec<&str> =
        definition.exclude.iter().filter_map(|name| known(surface, name, "exclude", findings)).collect();
    let listed = definition.columns.as_deref().filter(|names| *names != ["*"]);
    let columns = match listed {
        None => all_but(surface, &excluded, findings),
        Some(names) => {
            if names.iter().any(|name| name == "*") {
                let remedy = "write columns = [\"*\"], or the names without the asterisk";
                findings.violation("columns", "the asterisk cannot be combined with names", remedy);
            }
            let names: Vec<&String> = names.iter().filter(|name| *name != "*").collect();
            for name in twice(&names) {
                findings.violation("columns", format!("{name:?} is listed more than once"), "list it once");
            }
            for name in names.iter().filter(|name| excluded.contains(&name.as_str())) {
                let message = format!("{name:?} is both in columns and in exclude");
                findings.violation("columns", message, "remove it from one of them");
            }
            names
                .iter()
                .filter_map(|name| surface.column(name, "columns", findings))
                .map(Found::column)
                .collect()
        }
    };
    if columns.is_empty() && listed.is_none() {
        findings.violation("columns", "no column is left to export", "exclude fewer columns");
    }
    let as_text = as_text(definition, surface, &columns, findings);
    columns
        .into_iter()
        .map(|column| Column { as_text: as_text.contains(&column.name.as_str()), ..column })
        .collect()
}

/// Returns the columns that Parquet stores as strings.
fn as_text<'a>(
    definition: &'a Definition,
    surface: &Surface,
    exported: &[Column],
    findings: &mut Findings,
) -> Vec<&'a str> {
    let names: Vec<&str> =
        definition.as_text.iter().filter_map(|name| known(surface, name, "as_text", findings)).collect();
    for name in names.iter().filter(|name| exported.iter().all(|column| column.name != **name)) {
        findings.violation("as_text", format!("{name:?} is not exported"), "remove it from as_text");
    }
    names
}

fn all_but(surface: &Surface, excluded: &[&str], findings: &mut Findings) -> Vec<Column> {
    let wanted: Vec<&Found> =
        surface.columns.iter().filter(|column| !excluded.contains(&column.name.as_str())).collect();
    let hidden: Vec<_> =
        wanted.iter().filter(|column| !column.readable).map(|column| column.name.as_str()).collect();
    if !hidden.is_empty() {
        let message = format!("the source role may not read the columns {}", hidden.join(", "));
        findings.violation("columns", message, format!("{}, or exclude them", surface.grant()));
    }
    wanted.iter().filter(|column| column.readable).map(|column| column.column()).collect()
}

/// Reports whether a column of that name would be exported.
fn is_exported(definition: &Definition, name: &str) -> bool {
    let listed = |names: &[String]| names.iter().any(|listed| listed == name || listed == "*");
    definition.columns.as_deref().is_none_or(listed) && definition.exclude.iter().all(|other| other != name)
}

/// Returns the columns that requests may filter on, with the operators of their types.
pub(super) async fn filters(
    inspector: &mut Inspector,
    definition: &Definition,
    surface: &Surface,
    findings: &mut Findings,
) -> Result<Vec<Column>, SourceError> {
    let names: Vec<&String> = definition.filters.iter().collect();
    for name in twice(&names) {
        findings.violation("filters", format!("{name:?} is listed more than once"), "list it once");
    }
    let hidden: Vec<&str> =
        names.iter().map(|name| name.as_str()).filter(|name| !is_exported(definition, name)).collect();
    if !hidden.is_empty() {
        let message = format!(
            "values of {} are not exported, but filters can reveal them one comparison at a time",
            hidden.join(", ")
        );
        findings.warning(
            "filters",
            message,
            "remove the filter if callers must not learn the values, or export the column",
        );
    }
    let found: Vec<&Found> =
        names.iter().filter_map(|name| surface.column(name, "filters", findings)).collect();
    let operators = compare::find(inspector, found.iter().map(|found| found.of.base)).await?;
    for name in found.iter().filter(|found| !operators.contains_key(&found.of.base)).map(|f| &f.name) {
        let message = format!("values of the column {name:?} cannot be compared");
        findings.violation("filters", message, "choose a column whose type has an = operator with an index");
    }
    let filter =
        |found: &&Found| Column { compare: operators.get(&found.of.base).cloned(), ..found.column() };
    Ok(found.iter().map(filter).collect())
}

/// Returns the column that holds the tenant. A dataset without one that is not shared allows at most one tenant.
pub(super) async fn tenant(
    inspector: &mut Inspector,
    definition: &Definition,
    surface: &Surface,
    tenants: u64,
    findings: &mut Findings,
) -> Result<Option<TenantColumn>, SourceError> {
    let Some(name) = &definition.tenant_column else {
        if !definition.shared && tenants > 1 {
            let message = format!(
                "there are {tenants} tenants, but the dataset does not define which tenant a row belongs to"
            );
            findings.violation(
                "",
                message,
                "add tenant_column, or shared = true if every tenant may see every row",
            );
        }
        return Ok(None);
    };
    let Some(found) = surface.column(name, "tenant_column", findings) else { return Ok(None) };
    let Some(kind) = tenant_kind(found.of.base) else {
        let message = format!("tenant ids cannot be compared exactly with values of {}", found.of.name);
        let remedy = format!(
            "choose a column of type text, varchar, char(n), uuid, smallint, integer or bigint, or export a view or a \
             query that has {}::text as a column",
            identifier(name)
        );
        findings.violation("tenant_column", message, remedy);
        return Ok(None);
    };
    let deterministic = kind != ColumnType::Text || {
        let question = format!(
            "select {} from (values (1)) v left join (select * from {} limit 0) q on true",
            is_deterministic(&format!("q.{}", identifier(name))),
            from_clause(&surface.from)
        );
        let Some(answer) = findings.answer("tenant_column", inspector.text(&question).await)? else {
            return Ok(None);
        };
        answer.as_deref() == Some("1")
    };
    if kind != ColumnType::Text {
        let message = format!(
            "the column is of type {}; exports of tenants whose id is not of that type fail",
            found.of.name
        );
        findings.warning("tenant_column", message, "use tenant ids that are values of that type");
    }
    let of = TenantType { oid: found.column().oid, kind, deterministic };
    Ok(Some(TenantColumn { name: name.clone(), of: Some(of) }))
}

/// Returns the decoding of a tenant column's type: only types whose values have one spelling, or whose spelling can
/// be compared, namely `text`, `varchar`, `char(n)`, `uuid` and the integers. In a `name` ids would be truncated, in
/// a `"char"` to their first letter; in `citext` and `numeric` different spellings are equal.
fn tenant_kind(base: u32) -> Option<ColumnType> {
    match base {
        20 => Some(ColumnType::Int8),
        21 => Some(ColumnType::Int2),
        23 => Some(ColumnType::Int4),
        25 | 1042 | 1043 => Some(ColumnType::Text),
        2950 => Some(ColumnType::Uuid),
        _ => None,
    }
}

/// Reports whether a column of the type may hold the tenant; `base` is the OID under all domains.
pub(super) fn is_tenant_type(base: u32) -> bool {
    tenant_kind(base).is_some()
}

/// Returns the name if there is such a column, readable or not.
fn known<'a>(surface: &Surface, name: &'a str, key: &str, findings: &mut Findings) -> Option<&'a str> {
    if surface.columns.iter().any(|column| column.name == name) {
        return Some(name);
    }
    surface.column(name, key, findings).map(|_| name)
}

/// Returns names that occur again in the list, each once.
fn twice<'a>(names: &[&'a String]) -> Vec<&'a String> {
    let again = |i: usize| names[..i].iter().filter(|name| **name == names[i]).count() == 1;
    (0..names.len()).filter(|&i| again(i)).map(|i| names[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_are_reported_once() {
        let names: Vec<String> = ["a", "b", "a", "a", "b"].map(str::to_owned).into();
        let names: Vec<&String> = names.iter().collect();
        assert_eq!(twice(&names), ["a", "b"]);
    }
}
