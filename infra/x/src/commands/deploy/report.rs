//! Texts of `cargo x deploy`: the table of changes, and what to do after the deployment.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value};

use super::aws::{ChangePlan, Row};

/// Number of added or removed resources of one stack above which only their types are listed.
const LISTED: usize = 8;

/// Returns the table of a plan: parameters, then resources by stack.
pub(crate) fn table(plan: &ChangePlan) -> String {
    let mut lines = Vec::new();
    for (name, before, after) in &plan.parameters {
        let shown = |value: &Option<String>| match value.as_deref() {
            None => "(new)".to_owned(),
            Some("") => "\"\"".to_owned(),
            Some(value) => value.to_owned(),
        };
        let after = if after.is_none() { "(gone)".to_owned() } else { shown(after) };
        lines.push(["parameter".to_owned(), name.clone(), format!("{} -> {after}", shown(before))]);
    }
    lines.extend(resources(&plan.rows));
    if lines.is_empty() {
        return "  only outputs change\n".to_owned();
    }
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let (first, second) = (width(0), width(1));
    let mut text = String::new();
    for [action, name, detail] in &lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", format!("  {action:<first$}  {name:<second$}  {detail}").trim_end());
    }
    text
}

/// Returns the lines of the resources. Many additions to one stack are one line.
fn resources(rows: &[Row]) -> Vec<[String; 3]> {
    let mut lines = Vec::new();
    let mut groups: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let stack = row.path.rsplit_once('/').map_or("", |(stack, _)| stack);
        groups.entry((stack, &row.action)).or_default().push(row);
    }
    for ((stack, action), rows) in groups {
        if rows.len() > LISTED && ["add", "remove"].contains(&action) {
            let place = if stack.is_empty() { "the stack itself" } else { stack };
            lines.push([action.to_owned(), place.to_owned(), kinds(&rows)]);
            continue;
        }
        for row in rows {
            let kind = short(&row.kind);
            let why = row.why.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if row.why.len() > 4 { ", …" } else { "" };
            let detail = if why.is_empty() { kind.to_owned() } else { format!("{kind}: {why}{more}") };
            lines.push([action.to_owned(), row.path.clone(), detail]);
        }
    }
    lines
}

/// Returns the number of resources and of each type, the most frequent first.
fn kinds(rows: &[&Row]) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *numbers.entry(short(&row.kind)).or_default() += 1;
    }
    let mut numbers: Vec<_> = numbers.into_iter().collect();
    numbers.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let listed: Vec<_> = numbers.iter().take(5).map(|(kind, number)| format!("{number} {kind}")).collect();
    let more = if numbers.len() > 5 { ", …" } else { "" };
    format!("{} resources: {}{more}", rows.len(), listed.join(", "))
}

fn short(kind: &str) -> &str {
    kind.strip_prefix("AWS::").unwrap_or(kind)
}

/// Returns the address of the API for clients: of CloudFront if the API is reached through it only.
pub(crate) fn url(outputs: &Map<String, Value>, endpoint: Option<&str>) -> String {
    let output = |name: &str| outputs.get(name).and_then(Value::as_str);
    match (endpoint, output("OriginSecretArn").and(output("CdnDomain"))) {
        (Some(endpoint), _) => format!("{endpoint}/api/v1"),
        (None, Some(domain)) => format!("https://{domain}/api/v1"),
        (None, None) => output("ApiUrl").unwrap_or_default().to_owned(),
    }
}

/// Returns the commands that follow a deployment.
pub(crate) fn next_steps(outputs: &Map<String, Value>, url: &str, key: Option<&str>, trial: bool) -> String {
    let admin = outputs.get("AdminFunctionName").and_then(Value::as_str).unwrap_or_default();
    let mut text = format!("cargo install --locked --path client\nexport SLUICE_URL={url}\n");
    if let Some(key) = key {
        let _ = writeln!(text, "export SLUICE_KEY={key}      # shown only this time");
    }
    if trial {
        text.push_str(
            "sluice export readings --from 2024-01-01 --to 2024-06-30 --out ./files\nsluice verify ./files\n",
        );
    } else {
        text.push_str(
            "\nOnce, as an operator: allow Sluice to read, and put a catalog in force (README.md, \"Your own database\").\n\n\
             psql … -c \"grant usage on schema SCHEMA to sluice_source\" \\\n       \
             -c \"grant select on all tables in schema SCHEMA to sluice_source\"\n",
        );
    }
    let _ = writeln!(
        text,
        "{}export SLUICE_ADMIN_FUNCTION={admin}",
        if trial { "\nFor operators:\n\n" } else { "" }
    );
    if !trial {
        text.push_str(
            "sluice admin catalog check --file catalog.toml\nsluice admin catalog apply --file catalog.toml\n\
             sluice export DATASET --from 2024-01-01 --to 2024-01-31 --out ./files\nsluice verify ./files\n",
        );
    }
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(rows: Value, parameters: Value) -> ChangePlan {
        serde_json::from_value(json!({
            "kind": "update", "changeSet": "arn", "rows": rows, "parameters": parameters, "refusals": [], "notes": [],
        }))
        .unwrap()
    }

    #[test]
    fn the_table_lists_changes_and_summarises_many_additions() {
        let mut rows = vec![
            json!({"action": "change", "path": "WorkerFunction", "type": "AWS::Lambda::Function", "why": ["Environment (Budget)"]}),
            json!({"action": "replace", "path": "Proxy/Proxy", "type": "AWS::RDS::DBProxy", "why": ["VpcSubnetIds"]}),
        ];
        for number in 0..9 {
            let kind = if number < 7 { "AWS::EC2::Subnet" } else { "AWS::EC2::VPC" };
            rows.push(
                json!({"action": "add", "path": format!("Example/R{number}"), "type": kind, "why": []}),
            );
        }
        let text = table(&plan(json!(rows), json!([["Budget", "4", "8"], ["AlarmEmail", "", null]])));
        assert_eq!(
            text,
            "  parameter  Budget          4 -> 8\n  \
             parameter  AlarmEmail      \"\" -> (gone)\n  \
             change     WorkerFunction  Lambda::Function: Environment (Budget)\n  \
             add        Example         9 resources: 7 EC2::Subnet, 2 EC2::VPC\n  \
             replace    Proxy/Proxy     RDS::DBProxy: VpcSubnetIds\n"
        );
        assert_eq!(table(&plan(json!([]), json!([]))), "  only outputs change\n");
    }

    #[test]
    fn the_address_is_that_of_cloudfront_if_nothing_else_is_accepted() {
        let outputs = json!({"ApiUrl": "https://api/api/v1", "CdnDomain": "cdn"});
        let Value::Object(mut outputs) = outputs else { unreachable!() };
        assert_eq!(url(&outputs, None), "https://api/api/v1");
        outputs.insert("OriginSecretArn".into(), json!("arn"));
        assert_eq!(url(&outputs, None), "https://cdn/api/v1");
        assert_eq!(url(&outputs, Some("http://127.0.0.1:1")), "http://127.0.0.1:1/api/v1");
    }

    #[test]
    fn a_trial_ends_with_the_commands_of_the_first_export() {
        let Value::Object(outputs) = json!({"AdminFunctionName": "admin-1"}) else { unreachable!() };
        let text = next_steps(&outputs, "https://a/api/v1", Some("slc_1"), true);
        let commands: Vec<_> = text
            .lines()
            .take(5)
            .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            commands,
            [
                "cargo install",
                "export SLUICE_URL=https://a/api/v1",
                "export SLUICE_KEY=slc_1",
                "sluice export",
                "sluice verify"
            ]
        );
        let own = next_steps(&outputs, "https://a/api/v1", None, false);
        assert!(!own.contains("SLUICE_KEY") && own.contains("grant select") && own.contains("=admin-1"));
    }
}
