//! Which columns are exported, filtered on, and hold the tenant.

use export::catalog::Definition;
use export::column::{Column, ColumnType};

use super::findings::Findings;
use super::surface::{Found, Surface};
use crate::source::inspect::from_clause;
use crate::source::sql::identifier;
use crate::source::{Inspector, SourceError};

/// The exported columns: those listed, or all, in that order; without the excluded ones.
pub(super) fn exported(definition: &Definition, surface: &Surface, findings: &mut Findings) -> Vec<Column> {
    let excluded: Vec<&str> =
        definition.exclude.iter().filter_map(|name| known(surface, name, "exclude", findings)).collect();
    let listed = definition.columns.as_deref().filter(|names| *names != ["*"]);
    let columns = match listed {
        None => all_but(surface, &excluded, findings),
        Some(names) => {
            if names.iter().any(|name| name == "*") {
                let remedy = "write columns = [\"*\"], or the names without the asterisk";
                findings.violation("columns", "an asterisk stands beside names", remedy);
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

/// The columns that Parquet keeps as strings.
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

/// The columns that requests may filter on.
pub(super) fn filters(definition: &Definition, surface: &Surface, findings: &mut Findings) -> Vec<Column> {
    let names: Vec<&String> = definition.filters.iter().collect();
    for name in twice(&names) {
        findings.violation("filters", format!("{name:?} is listed more than once"), "list it once");
    }
    names.iter().filter_map(|name| surface.column(name, "filters", findings)).map(Found::column).collect()
}

/// The column that holds the tenant. Without one, and not shared, there may be at most one tenant.
pub(super) fn tenant(
    definition: &Definition,
    surface: &Surface,
    tenants: u64,
    findings: &mut Findings,
) -> Option<String> {
    let Some(name) = &definition.tenant_column else {
        if !definition.shared && tenants > 1 {
            let message = format!("there are {tenants} tenants, and nothing says whose rows these are");
            findings.violation(
                "",
                message,
                "add tenant_column, or shared = true if every tenant may see every row",
            );
        }
        return None;
    };
    let found = surface.column(name, "tenant_column", findings)?;
    if found.of.kind != ColumnType::Text || found.of.array {
        let message =
            format!("the column is of type {}; tenants whose id is no such value fail", found.of.name);
        findings.warning("tenant_column", message, "name tenants so that their ids can be compared with it");
    }
    Some(name.clone())
}

/// Says so where PostgreSQL has no `=` for the type of a column that is compared.
pub(super) async fn check_comparable(
    inspector: &mut Inspector,
    surface: &Surface,
    filters: &[Column],
    tenant: Option<&str>,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    let filters = filters.iter().map(|column| ("filters", column.name.as_str()));
    let compared: Vec<_> = filters.chain(tenant.map(|name| ("tenant_column", name))).collect();
    let test = |names: &[(&str, &str)]| {
        let tests: Vec<_> = names.iter().map(|(_, name)| format!("q.{} = null", identifier(name))).collect();
        format!("select from {} where {}", from_clause(&surface.from), tests.join(" and "))
    };
    if compared.is_empty() || inspector.explain(&test(&compared)).await.is_ok() {
        return Ok(());
    }
    for one in compared {
        let answer = inspector.explain(&test(&[one])).await;
        if matches!(&answer, Err(error) if error.sqlstate.as_deref() == Some("42883")) {
            let message = format!("values of the column {:?} cannot be compared", one.1);
            findings.violation(one.0, message, "choose a column whose type has an = operator");
        } else if findings.answer(one.0, answer)?.is_none() {
            // It would be the same refusal for every column.
            break;
        }
    }
    Ok(())
}

/// The name, if there is such a column, readable or not.
fn known<'a>(surface: &Surface, name: &'a str, key: &str, findings: &mut Findings) -> Option<&'a str> {
    if surface.columns.iter().any(|column| column.name == name) {
        return Some(name);
    }
    surface.column(name, key, findings).map(|_| name)
}

/// Names that stand in the list again, each once.
fn twice<'a>(names: &[&'a String]) -> Vec<&'a String> {
    let again = |i: usize| names[..i].iter().filter(|name| **name == names[i]).count() == 1;
    (0..names.len()).filter(|&i| again(i)).map(|i| names[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_repeated_is_told_once() {
        let names: Vec<String> = ["a", "b", "a", "a", "b"].map(str::to_owned).into();
        let names: Vec<&String> = names.iter().collect();
        assert_eq!(twice(&names), ["a", "b"]);
    }
}
