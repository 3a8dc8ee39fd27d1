//! Comparisons inside a query that are weaker than they appear: if the `=` of an extension's type, such as `citext`,
//! is in a schema outside the search path, PostgreSQL silently uses the one of `text` and casts.

use std::collections::BTreeSet;

use export::catalog::{Dataset, From};
use serde_json::Value;

use super::explain_sql::Ask;
use super::findings::Findings;
use source::sql::literal;
use source::{Inspector, SourceError};

/// Keys under which a plan shows conditions.
const CONDITIONS: [&str; 7] =
    ["Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "One-Time Filter"];

/// A column of a relation that a condition casts to text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cast {
    schema: String,
    relation: String,
    column: String,
}

/// Warns of columns of an extension's type that a query compares as text.
pub(super) async fn check(
    inspector: &mut Inspector,
    dataset: &Dataset,
    key: &str,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    // A view was parsed when it was created; its operators were chosen by its owner.
    if !matches!(dataset.from, From::Query(_)) {
        return Ok(());
    }
    let select = Ask::new(dataset).select("");
    let plan = inspector.text(&format!("explain (format json, verbose)\n{select}")).await?;
    let plan = plan.and_then(|text| serde_json::from_str::<Value>(&text).ok()).unwrap_or_default();
    let casts = casts(&plan);
    if casts.is_empty() {
        return Ok(());
    }
    let places: Vec<String> = casts
        .iter()
        .map(|c| format!("({}, {}, {})", literal(&c.schema), literal(&c.relation), literal(&c.column)))
        .collect();
    let question = format!(
        "select v.relation || '.' || v.name, t.typname::text, tn.nspname::text
from (values {}) v (schema, relation, name)
join pg_catalog.pg_namespace n on n.nspname = v.schema
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = v.relation
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = v.name
join pg_catalog.pg_type d on d.oid = a.atttypid
join pg_catalog.pg_type t on t.oid = case when d.typtype = 'd' then d.typbasetype else d.oid end
join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
where t.typtype = 'b' and tn.nspname <> 'pg_catalog'",
        places.join(", ")
    );
    for row in inspector.texts(&question).await? {
        let Ok([Some(column), Some(type_name), Some(schema)]) = <[_; 3]>::try_from(row) else { continue };
        let message = format!("{column} is of type {schema}.{type_name}, and the query compares it as text");
        let remedy = format!(
            "add search_path = [{schema:?}] to the dataset, so that the type's own operators are used; nothing if comparison as text is intended"
        );
        findings.warning(key, message, remedy);
    }
    Ok(())
}

/// Returns the columns that conditions of the plan cast to text.
fn casts(plan: &Value) -> BTreeSet<Cast> {
    let (mut aliases, mut conditions) = (Vec::new(), Vec::new());
    collect(plan, &mut aliases, &mut conditions);
    let mut found = BTreeSet::new();
    for (alias, schema, relation) in aliases {
        for column in conditions.iter().flat_map(|text| columns_cast(&alias, text)) {
            found.insert(Cast { schema: schema.clone(), relation: relation.clone(), column });
        }
    }
    found
}

/// Returns the columns of `alias` that the condition casts to text.
fn columns_cast(alias: &str, condition: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (end, _) in condition.match_indices(")::text") {
        let Some(begin) = condition[..end].rfind('(') else { continue };
        let Some((of, column)) = condition[begin + 1..end].split_once('.') else { continue };
        if unquoted(of) == alias {
            found.push(unquoted(column));
        }
    }
    found
}

fn collect(node: &Value, aliases: &mut Vec<(String, String, String)>, conditions: &mut Vec<String>) {
    match node {
        Value::Array(nodes) => nodes.iter().for_each(|node| collect(node, aliases, conditions)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
            if let (Some(alias), Some(schema), Some(relation)) =
                (text("Alias"), text("Schema"), text("Relation Name"))
            {
                aliases.push((alias, schema, relation));
            }
            conditions.extend(CONDITIONS.iter().filter_map(|name| text(name)));
            fields.values().for_each(|value| collect(value, aliases, conditions));
        }
        _ => {}
    }
}

fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cast_under_a_comparison_is_found_with_its_relation() {
        let scan = json!({"Node Type": "Seq Scan", "Schema": "shop", "Relation Name": "users", "Alias": "u",
            "Output": ["(u.other)::text"], "Filter": "(((u.email)::text = 'x'::text) AND (lower((u.\"Name\")::text) = 'y'::text))"});
        let plan = json!([{"Plan": {"Node Type": "Hash Join", "Hash Cond": "((v.mail)::text = (u.id)::text)", "Plans": [scan]}}]);
        let found: Vec<_> =
            casts(&plan).into_iter().map(|c| format!("{}.{}.{}", c.schema, c.relation, c.column)).collect();
        assert_eq!(found, ["shop.users.Name", "shop.users.email", "shop.users.id"]);
    }
}
