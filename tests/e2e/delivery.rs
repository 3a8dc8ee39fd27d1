//! Deliveries of files to destinations: a bucket of this account, and one of another account by a role of it.

use std::collections::BTreeMap;

use export::manifest::Manifest;
use ports::objects::{Objects, S3Objects};
use serde_json::{Value, json};
use tests::{System, aws, eventually};

use crate::api::{get, post};
use crate::cli::{sluice, succeeded};

/// Parameters of the test stack allow these.
const LAKE: &str = "e2e-lake";
const OTHER: &str = "e2e-other-lake";

const DESTINATIONS: &str = r#"
[destinations.lake]
bucket = "e2e-lake"
prefix = "in/sluice"
tenants = ["*"]

[destinations.current]
bucket = "e2e-lake"
prefix = "current"
layout = "current"
tenants = ["demo"]

[destinations.other]
bucket = "e2e-other-lake"
role_arn = "arn:aws:iam::222222222222:role/from-sluice"
external_id = "b7e1"
layout = "hive"
tenants = ["demo"]

[destinations.closed]
bucket = "e2e-closed"
tenants = ["demo"]

[destinations.unopened]
bucket = "e2e-unopened"
tenants = ["stranger"]

[destinations.strangers]
bucket = "e2e-lake"
tenants = ["stranger"]
"#;

/// Returns the description of the stack for calls as another account.
fn other_account(stack: &Value) -> Value {
    let mut stack = stack.clone();
    stack["accessKey"] = "222222222222".into();
    stack
}

/// Applies destinations.
fn apply(system: &System, destinations: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("destinations.toml");
    std::fs::write(&file, destinations).unwrap();
    system.x(&["admin", "destinations", "apply", &file.display().to_string()]).unwrap();
}

/// Returns the policies that `destinations policy` prints.
fn policies(system: &System, name: &str) -> Vec<String> {
    let text = system.x(&["admin", "destinations", "policy", name]).unwrap();
    let blocks = text.split("\n\n").filter_map(|block| block.split_once(":\n"));
    blocks.map(|(_, policy)| policy.trim().to_owned()).collect()
}

/// Applies the destinations and makes their buckets, once for all tests. Returns the description of the stack.
async fn destinations(system: &System) -> &'static Value {
    static READY: tokio::sync::OnceCell<Value> = tokio::sync::OnceCell::const_new();
    let prepare = async || {
        let file = std::env::var("SLUICE_STACK").unwrap();
        let stack: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        apply(system, DESTINATIONS);
        for bucket in [LAKE, "e2e-closed", "e2e-unopened"] {
            aws(&stack, "s3", "create_bucket", &json!({"Bucket": bucket}));
        }
        let [trust, rights] = &policies(system, "other")[..] else { panic!("two policies") };
        let other = other_account(&stack);
        aws(&other, "s3", "create_bucket", &json!({"Bucket": OTHER}));
        aws(
            &other,
            "iam",
            "create_role",
            &json!({"RoleName": "from-sluice", "AssumeRolePolicyDocument": trust}),
        );
        let rights = json!({"RoleName": "from-sluice", "PolicyName": "copy", "PolicyDocument": rights});
        aws(&other, "iam", "put_role_policy", &rights);
        stack
    };
    READY.get_or_init(prepare).await
}

/// Lists the keys of a bucket with the sizes of the objects.
fn objects(stack: &Value, bucket: &str, prefix: &str) -> BTreeMap<String, u64> {
    let page = aws(stack, "s3", "list_objects_v2", &json!({"Bucket": bucket, "Prefix": prefix}));
    let found = page["Contents"].as_array().cloned().unwrap_or_default();
    let entry = |one: Value| (one["Key"].as_str().unwrap().to_owned(), one["Size"].as_u64().unwrap());
    found.into_iter().map(entry).collect()
}

fn request(destination: &str, datasets: &Value) -> Value {
    json!({"datasets": datasets, "startDate": "2024-01-01", "endDate": "2024-06-30", "destination": destination})
}

/// Exports and waits until the delivery has this state. Returns the export.
async fn deliver(system: &System, body: &Value, state: &str) -> Value {
    let id = system.submit(body).await.unwrap();
    let path = format!("/exports/{id}");
    eventually(&format!("the delivery of {id} is {state}"), async || {
        get(&path).await.body["delivery"]["state"] == state
    })
    .await;
    get(&path).await.body
}

#[tokio::test(flavor = "multi_thread")]
async fn all_files_are_copied_to_another_account_and_the_manifest_last() {
    let system = System::get().await;
    let stack = destinations(system).await;
    let export =
        deliver(system, &request("other", &json!(["ledger_a", "ledger_b", "synced"])), "delivered").await;
    let (id, delivery) = (export["id"].as_str().unwrap(), &export["delivery"]);
    let there = objects(&other_account(stack), OTHER, "");
    let manifest_key = format!("_manifests/{id}.json");
    assert_eq!(delivery["manifest"], format!("s3://{OTHER}/{manifest_key}"));
    let manifest: Manifest = system.fetch(id.parse().unwrap()).await.unwrap().manifest;
    let files = manifest.datasets.iter().flat_map(|dataset| {
        dataset.chunks.iter().filter_map(|chunk| Some((&dataset.head.name, chunk.file.as_ref()?)))
    });
    let mut expected: BTreeMap<_, _> =
        files.map(|(dataset, file)| (format!("{dataset}/export={id}/{}", file.name), file.bytes)).collect();
    assert_eq!(delivery["filesDone"], expected.len());
    assert_eq!(delivery["bytesDone"], expected.values().sum::<u64>());
    let of_export: BTreeMap<_, _> = there.into_iter().filter(|(key, _)| key.contains(id)).collect();
    expected.insert(manifest_key.clone(), of_export[&manifest_key]);
    assert_eq!(of_export, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn younger_export_replaces_the_current_manifest() {
    let system = System::get().await;
    destinations(system).await;
    let mut last = String::new();
    for _ in 0..2 {
        let export = deliver(system, &request("current", &json!(["ledger_a"])), "delivered").await;
        last = export["id"].as_str().unwrap().to_owned();
        assert_eq!(export["delivery"]["manifest"], format!("s3://{LAKE}/current/manifest.json"));
    }
    let text = S3Objects::new(LAKE).get("current/manifest.json").await.unwrap();
    let manifest: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(manifest["export"], last);
    assert_eq!(manifest["delivered"]["layout"], "current");
    assert_eq!(manifest["delivered"]["folders"]["ledger_a"], format!("files/{last}/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn destination_without_rights_names_the_right_and_is_retried_without_the_database() {
    let system = System::get().await;
    destinations(system).await;
    let id = system.submit(&request("closed", &json!(["ledger_b"]))).await.unwrap();
    let path = format!("/exports/{id}");
    eventually("an attempt has failed", async || {
        get(&path).await.body["delivery"]["errors"].as_array().is_some_and(|errors| !errors.is_empty())
    })
    .await;
    let export = get(&path).await.body;
    assert_eq!(
        (&export["status"], &export["delivery"]["state"]),
        (&json!("succeeded"), &json!("delivering"))
    );
    assert!(export["delivery"]["nextAttemptAt"].is_string());
    let error = &export["delivery"]["errors"][0];
    assert_eq!(error["code"], "access_denied", "{error}");
    assert!(error["message"].as_str().unwrap().contains("s3:PutObject"), "{error}");
    assert!(error["remedy"].as_str().unwrap().contains("sluice admin destinations policy"), "{error}");

    // The operator corrects the destination.
    apply(system, &DESTINATIONS.replace("e2e-closed", LAKE));
    let chunks = get(&format!("{path}/chunks")).await.body;
    let retried = post(&format!("{path}/retry"), &json!({})).await;
    assert_eq!(retried.status, 202, "{}", retried.body);
    eventually("it is delivered", async || get(&path).await.body["delivery"]["state"] == "delivered").await;
    let export = get(&path).await.body;
    assert_eq!(export["delivery"]["errors"], json!([]));
    assert_eq!(get(&format!("{path}/chunks")).await.body, chunks, "no chunk was read again");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_sees_and_names_only_its_destinations() {
    let system = System::get().await;
    destinations(system).await;
    let listed = get("/destinations").await.body;
    let names: Vec<_> =
        listed["destinations"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["closed", "current", "lake", "other"]);
    assert_eq!(listed["destinations"][2]["location"], "s3://e2e-lake/in/sluice/demo");
    for (name, remedy) in
        [("lakes", "did you mean lake?"), ("strangers", "use one of these: closed, current, lake, other")]
    {
        let refused = post("/exports", &request(name, &json!(["ledger_a"]))).await;
        let violation = &refused.body["violations"][0];
        assert_eq!((refused.status.as_u16(), &violation["pointer"]), (422, &json!("/destination")));
        assert_eq!(violation["remedy"], remedy);
    }
    let refused = post("/exports", &request("s3://e2e-lake/x", &json!(["ledger_a"]))).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["violations"][0]["pointer"]),
        (422, &json!("/destination"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn command_line_waits_for_the_delivery() {
    let system = System::get().await;
    destinations(system).await;
    let export =
        ["export", "ledger_a", "--from", "2024-01-01", "--to", "2024-01-31", "--destination", "lake"];
    let text = succeeded(&sluice(system, &export));
    assert!(
        text.contains("delivery  to lake: 1 file, ") && text.contains("s3://e2e-lake/in/sluice/demo/"),
        "{text}"
    );
    assert!(succeeded(&sluice(system, &["destinations"])).contains("s3://e2e-lake/in/sluice/demo  flat"));
}

#[tokio::test(flavor = "multi_thread")]
async fn probe_writes_with_the_rights_of_a_delivery() {
    let system = System::get().await;
    destinations(system).await;
    for name in ["lake", "other"] {
        system.x(&["admin", "destinations", "test", name]).unwrap();
    }
    let refused = system.x(&["admin", "destinations", "test", "unopened"]).unwrap_err().to_string();
    assert!(
        refused.contains("the right s3:PutObject") && refused.contains("destinations policy"),
        "{refused}"
    );
    let unknown = system.x(&["admin", "destinations", "test", "nope"]).unwrap_err().to_string();
    assert!(unknown.contains("there is no destination nope"), "{unknown}");
}
