//! SQL in every string of a request: it is rejected or treated as an ordinary value, and has no effect.

use reqwest::Method;
use serde_json::{Value, json};
use tests::System;

use crate::api::{ApiResponse, call};

/// Texts that break out of quotes, comments, identifiers, arrays, LIKE, JSON, format strings, headers and paths
/// wherever escaping was forgotten.
pub(super) const ATTACKS: [&str; 22] = [
    "'; drop table e2e.canary; --",
    "\"; drop table e2e.canary; --",
    "' or '1'='1",
    "\\'; drop table e2e.canary; --",
    "\\\\'; delete from e2e.canary; --",
    "$$; drop table e2e.canary; $$",
    "$1; drop table e2e.canary",
    "1); drop table e2e.canary; (select 1",
    "') union select secret from e2e.canary --",
    "/* */ or true /*",
    "E'\\047 or true --'",
    "U&'\\0027 or true'",
    "%' or name like '%",
    "{\"$ne\": null}",
    "{1,2}'::int[]; drop table e2e.canary; --",
    "%s%n%x{0}{}",
    "a\u{2019}; drop table e2e.canary; --",
    "\u{ff07} or 1=1",
    "x\r\nSet-Cookie: a=b",
    "../../etc/passwd",
    "; copy e2e.canary to program 'touch /tmp/x'",
    "pg_sleep(10)",
];

async fn canary(system: &System) {
    system
        .run(
            "create table if not exists e2e.canary (secret text); truncate e2e.canary; insert into e2e.canary values ('alive')",
        )
        .await
        .unwrap();
}

async fn is_alive(system: &System) {
    assert_eq!(system.texts("select secret from e2e.canary").await.unwrap(), ["alive"]);
}

async fn post(path: &str, body: &Value, headers: &[(&str, &str)]) -> ApiResponse {
    let key = &System::get().await.stack.key;
    let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/json")]).collect();
    call(Method::POST, path, Some(key), &headers, Some(&body.to_string())).await
}

fn request(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({"datasets": ["visits"], "startDate": "2024-01-01", "endDate": "2024-01-03"});
    change(&mut body);
    body
}

#[tokio::test]
async fn sql_in_structured_fields_is_refused() {
    let system = System::get().await;
    canary(system).await;
    let filter = |name: &str, value: Value| {
        request(|b| b["datasets"] = json!([{"name": "visits", "filters": {name: value}}]))
    };
    for attack in ATTACKS {
        let bodies = [
            request(|b| b["datasets"] = json!([attack])),
            request(|b| b["datasets"] = json!([{"name": attack}])),
            request(|b| b["datasets"] = json!([{"name": "visits", "columns": [attack]}])),
            filter(attack, json!("x")),
            // Not a whole number.
            filter("score", json!(attack)),
            filter("score", json!({"gte": attack})),
            filter("score", json!([1, attack])),
            filter("name", json!({attack: "x"})),
            request(|b| b["startDate"] = json!(attack)),
            request(|b| b["endDate"] = json!(attack)),
            request(|b| b["timeZone"] = json!(attack)),
            request(|b| b["format"] = json!(attack)),
            request(|b| b["compression"] = json!(attack)),
            request(|b| b["csv"] = json!({"delimiter": attack})),
            request(|b| b["csv"] = json!({attack: true})),
            request(|b| b[attack] = json!(1)),
        ];
        for body in bodies {
            let answer = post("/exports?dryRun=true", &body, &[]).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.body);
        }
        let encoded: String = attack.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let get = async |path: String| crate::api::get(&path).await.status.as_u16();
        assert_eq!(get(format!("/datasets/{encoded}")).await, 404, "{attack}");
        assert_eq!(get(format!("/exports/{encoded}")).await, 404, "{attack}");
        for name in ["cursor", "limit", "status", &encoded] {
            assert_eq!(get(format!("/exports?{name}={encoded}")).await, 400, "{name} {attack}");
        }
        let dates = json!({"startDate": "2024-01-01", "endDate": "2024-01-02"});
        assert_eq!(post(&format!("/{encoded}"), &dates, &[]).await.status, 404, "{attack}");
    }
    is_alive(system).await;
}

/// Free texts are values: of a filter, of an idempotency key, of a file's name, for NULL.
#[tokio::test]
async fn sql_in_free_text_is_only_a_value() {
    let system = System::get().await;
    canary(system).await;
    let (id, _) = super::finished(system).await;
    let free: Vec<_> = ATTACKS.iter().filter(|attack| !attack.contains('\r')).collect();
    // One export whose filter contains all of them and matches the one visitor that exists.
    let names: Vec<_> = free.iter().map(|attack| json!(attack)).chain([json!("visitor 5")]).collect();
    let body = request(|b| {
        b["endDate"] = json!("2024-12-31");
        b["datasets"] = json!([{"name": "visits", "filters": {"name": names}}]);
    });
    let exported = system.export(&body).await.unwrap();
    assert_eq!(exported.manifest.datasets[0].rows, 1, "no row of another tenant");
    for attack in free {
        let plan = request(|b| b["csv"] = json!({"null": attack}));
        let status = post("/exports?dryRun=true", &plan, &[]).await.status.as_u16();
        assert!([200, 422].contains(&status), "{attack}: {status}");
        if attack.is_ascii() {
            let first = post("/exports", &request(|_| ()), &[("idempotency-key", attack)]).await;
            let second = post("/exports", &request(|_| ()), &[("idempotency-key", attack)]).await;
            assert_eq!((first.status.as_u16(), &first.body["id"]), (202, &second.body["id"]), "{attack}");
        }
        let encoded: String = attack.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let file = crate::api::get(&format!("/exports/{id}/files/{encoded}")).await;
        assert_eq!((file.status.as_u16(), file.header("location")), (404, ""), "{attack}");
    }
    is_alive(system).await;
}

#[tokio::test]
async fn sql_in_operator_arguments_is_refused() {
    let system = System::get().await;
    canary(system).await;
    for attack in ATTACKS.iter().filter(|attack| !attack.starts_with('-')) {
        for words in [
            ["admin", "keys", "create", attack].to_vec(),
            ["admin", "keys", "create", "demo", "--datasets", attack].to_vec(),
            ["admin", "keys", "revoke", attack].to_vec(),
            ["admin", "invalidate", attack].to_vec(),
            ["admin", "invalidate", "visits", "--from", attack].to_vec(),
            ["admin", "invalidate", "visits", "--tenant", attack].to_vec(),
        ]
        .into_iter()
        // Each attack uses a third of them, because every command is its own process.
        .skip(attack.len() % 3)
        .step_by(3)
        {
            assert!(system.x(&words).is_err(), "{words:?}");
        }
    }
    is_alive(system).await;
}

/// A catalog belongs to the operator, and its names reach SQL as names: a name that no table has does not exist.
#[tokio::test]
async fn sql_in_a_catalog_is_only_a_name() {
    let system = System::get().await;
    canary(system).await;
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let mut catalog = String::new();
    let mut names = Vec::new();
    for (i, attack) in ATTACKS.iter().enumerate() {
        let text = quoted(attack);
        // Quoted as in SQL: a quote of its own would end the name, which the catalog's syntax refuses.
        let relation = quoted(&format!("e2e.\"{}\"", attack.replace('"', "\"\"")));
        let visits = "relation = \"e2e.visits\"\nshared = true";
        for (j, lines) in [
            format!("relation = {relation}\nshared = true"),
            format!("{visits}\nrange_column = {text}"),
            format!("{visits}\ncolumns = [{text}]"),
            format!("{visits}\nfilters = [{text}]"),
            format!("relation = \"e2e.visits\"\ntenant_column = {text}"),
        ]
        .iter()
        .enumerate()
        {
            names.push(format!("datasets.a{i}_{j}"));
            catalog.push_str(&format!("[datasets.a{i}_{j}]\n{lines}\n"));
        }
    }
    let report = check(system, &catalog);
    for name in names {
        assert!(report.contains(&name), "{name} is not refused");
    }
    // Invalid values are rejected before the source is queried.
    for attack in ATTACKS {
        let text = quoted(attack);
        for key in ["nulls", "time_zone", "settle_after"] {
            let lines = "relation = \"e2e.visits\"\nrange_column = \"day\"\nshared = true";
            let refused =
                export::catalog::Catalog::parse(&format!("[datasets.a]\n{lines}\n{key} = {text}\n"));
            assert!(refused.is_err(), "{key} {attack}");
        }
        let named = export::catalog::Catalog::parse(&format!(
            "[datasets.{text}]\nrelation = \"a.b\"\nshared = true\n"
        ));
        assert!(named.is_err(), "{attack}");
    }
    is_alive(system).await;
}

/// Returns the error of `catalog check` for a catalog that cannot be applied.
fn check(system: &System, catalog: &str) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, catalog.as_bytes()).unwrap();
    system.x(&["admin", "catalog", "check", &file.path().to_string_lossy()]).unwrap_err().to_string()
}
