//! Texts of `cargo x deploy`: the table of changes, and what to do after the deployment.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use serde_json::{Map, Value};

use super::aws::{ChangePlan, Row};
use super::file::Deployment;
use super::is_trial;
use crate::commands::cost::{Parts, idle_usd};

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

/// Returns what a new deployment costs and how it is ended.
pub(crate) fn cost(name: &str, deployment: &Deployment) -> Result<String> {
    if is_trial(deployment) {
        return Ok(format!(
            "It takes about a quarter of an hour, and costs about 3 USD a day while it exists (infra/COST.md).\n\
             To end it: cargo x deploy {name} --delete"
        ));
    }
    let is = |parameter: &str, value: &str| deployment.parameter(parameter) == Some(value);
    let proxy = is("Pooler", "proxy");
    let usd = idle_usd(Parts {
        proxy,
        endpoints: deployment.parameter("CreateEndpoints").is_some_and(|value| value != "false"),
        cdn: is("CreateCdn", "true"),
        cache: is("CreateCache", "true"),
        alarms: !is("CreateAlarms", "false"),
    })?;
    let more = if proxy {
        " RDS Proxy costs more for a database with more than 2 vCPU, and for Aurora Serverless."
    } else {
        ""
    };
    Ok(format!(
        "It costs about {usd:.0} USD a month while it exists, without exports and the database (infra/COST.md).{more}\n\
         To end it: cargo x deploy {name} --delete"
    ))
}

/// Returns the ARN of the admin function, from which `sluice admin` also takes the region.
pub(crate) fn admin_arn(outputs: &Map<String, Value>, region: &str, account: &str) -> String {
    let name = outputs.get("AdminFunctionName").and_then(Value::as_str).unwrap_or_default();
    let partition = match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    format!("arn:{partition}:lambda:{region}:{account}:function:{name}")
}

/// Commands that follow a deployment.
pub(crate) struct NextSteps<'a> {
    /// Address of the API.
    pub(crate) url: String,
    /// ARN of the admin function.
    pub(crate) admin: String,
    /// First key, if one was created.
    pub(crate) key: Option<&'a str>,
    /// Tenant of that key.
    pub(crate) tenant: &'a str,
}

impl NextSteps<'_> {
    /// Returns the commands of a trial, which has a dataset.
    pub(crate) fn of_trial(&self) -> String {
        indented(&format!(
            "{}sluice export readings --from 2024-01-01 --to 2024-06-30 --out ./files\nsluice verify ./files\n\
             \nFor operators:\n\nexport SLUICE_ADMIN_FUNCTION={}\n",
            self.client(),
            self.admin
        ))
    }

    /// Returns the commands of a deployment for a database of the operator.
    pub(crate) fn of_database(&self) -> String {
        let Self { tenant, admin, .. } = self;
        let whose = if self.key.is_some() {
            format!(
                "the key above is that of tenant {tenant}, which tenant_column is compared with; for another tenant:\n"
            )
        } else {
            String::new()
        };
        indented(&format!(
            "{}\nOnce, as an operator: allow Sluice to read, and put a catalog in force (README.md, \"Your own database\").\n\n\
             psql … -c \"grant usage on schema SCHEMA to sluice_source\" \\\n       \
             -c \"grant select on all tables in schema SCHEMA to sluice_source\"\n\
             export SLUICE_ADMIN_FUNCTION={admin}\n\
             sluice admin catalog suggest > catalog.toml      # read it, and edit it\n\
             sluice admin catalog check --file catalog.toml\nsluice admin catalog apply --file catalog.toml\n\
             sluice export DATASET --from 2024-01-01 --to 2024-01-31 --out ./files\nsluice verify ./files\n\
             \n{whose}sluice admin keys create TENANT LABEL\n",
            self.client()
        ))
    }

    /// Returns the lines that every client needs.
    fn client(&self) -> String {
        let key = self
            .key
            .map(|key| format!("export SLUICE_KEY={key}      # shown only this time\n"))
            .unwrap_or_default();
        format!("cargo install --locked --path client\nexport SLUICE_URL={url}\n{key}", url = self.url)
    }
}

fn indented(text: &str) -> String {
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

    fn deployment(parameters: &[(&str, &str)]) -> Deployment {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Deployment {
            region: String::new(),
            stack: String::new(),
            parameters: parameters.iter().map(owned).collect(),
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn the_cost_of_a_deployment_is_that_of_its_parts() {
        let text = |parameters: &[(&str, &str)]| cost("shop", &deployment(parameters)).unwrap();
        assert!(text(&[("CreateExample", "true")]).contains("3 USD a day"));
        let (bare, proxy) =
            (text(&[("Pooler", "none")]), text(&[("Pooler", "proxy"), ("CreateEndpoints", "true")]));
        assert!(
            bare.contains("USD a month") && !bare.contains("vCPU") && proxy.contains("vCPU"),
            "{bare}\n{proxy}"
        );
        assert_ne!(bare.split_whitespace().nth(3), proxy.split_whitespace().nth(3));
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
        let next = |key| NextSteps {
            url: "https://a/api/v1".to_owned(),
            admin: admin_arn(&outputs, "eu-west-1", "123456789012"),
            key,
            tenant: "prod",
        };
        let text = next(Some("slc_1")).of_trial();
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
        let own = next(None).of_database();
        let arn = "=arn:aws:lambda:eu-west-1:123456789012:function:admin-1\n";
        assert!(!own.contains("SLUICE_KEY") && !own.contains("tenant prod"), "{own}");
        assert!(
            own.contains("grant select") && own.contains("catalog suggest >") && own.contains(arn),
            "{own}"
        );
        assert!(text.contains(arn) && next(Some("slc_1")).of_database().contains("that of tenant prod"));
    }
}
