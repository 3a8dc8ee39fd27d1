//! The whole life of a deployment, on the emulator and PostgreSQL: deploy, bootstrap, check, catalog, key, export, another
//! budget, another password, upgrade, rollback, a failed deployment, deletion, and a first deployment that fails and is
//! repeated. No step by hand is needed in between.
//!
//! The emulator has no CodeDeploy, so an alias moves in one step and no alarm moves it back (`infra/README.md`, *Open on a
//! real account*).

mod stack;

use std::time::Instant;

use serde_json::{Value, json};
use stack::{Life, connects};

/// Kinds of things that stay after a deletion: the files, the operator's passwords, and what the emulator deploys from.
const STAY: [&str; 2] = ["buckets", "secrets"];

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_lives_without_a_step_by_hand() {
    let started = Instant::now();
    let step = |name: &str| println!("{:>5.1} s: {name}", started.elapsed().as_secs_f64());

    let mut life = Life::start();
    step("deployed");
    assert_eq!(life.role_limits().await, [2, 16], "the bootstrap has created the roles");
    life.system().x(&["admin", "check"]).unwrap();
    step("checked");

    life.data_catalog_and_key().await;
    life.export().await;
    let first = life.live("api");
    assert_eq!(first.0, "1");
    assert!(life.trigger().1.ends_with(":live"), "messages go to the alias");
    step("exported");

    an_event_bus(&mut life).await;
    step("events on a bus");
    another_budget(&mut life).await;
    step("budget changed");
    another_password(&life).await;
    step("password rotated");
    upgrade_and_rollback(&mut life).await;
    step("upgraded and rolled back");
    a_failed_deployment(&mut life).await;
    step("failed, and rolled back");
    deletion(&life).await;
    step("deleted");
    a_first_deployment_that_fails(&mut life).await;
    step("failed at first, repeated and deleted");
    assert_eq!(life.stop(), Vec::<String>::new(), "processes of the stack");
    step("stopped");
}

/// Every end of an export arrives on the bus of a parameter, and from there where a rule leads.
async fn an_event_bus(life: &mut Life) {
    let queue = life.aws("sqs", "create_queue", &json!({"QueueName": "life-events"}));
    let url = queue["QueueUrl"].as_str().unwrap().to_owned();
    let asked = json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]});
    let arn = life.aws("sqs", "get_queue_attributes", &asked)["Attributes"]["QueueArn"].clone();
    let pattern = json!({"source": ["sluice"], "detail-type": ["sluice.export.succeeded"]}).to_string();
    let rule = life.aws("events", "put_rule", &json!({"Name": "life", "EventPattern": pattern}));
    life.aws("events", "put_targets", &json!({"Rule": "life", "Targets": [{"Id": "queue", "Arn": arn}]}));
    let (account, _) = rule["RuleArn"].as_str().unwrap().split_once(":rule/").unwrap();
    life.redeploy(&[&format!("EventBusArn={account}:event-bus/default")]).unwrap();
    life.reload();
    life.sweep();
    life.export().await;
    let received = json!({"QueueUrl": url, "WaitTimeSeconds": 20});
    let received = life.aws("sqs", "receive_message", &received);
    let event: Value = serde_json::from_str(received["Messages"][0]["Body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&event["source"], &event["detail-type"]),
        (&json!("sluice"), &json!("sluice.export.succeeded"))
    );
    let event = &event["detail"];
    assert_eq!((&event["specversion"], &event["data"]["tenant"]), (&json!("1.0"), &json!("life")));
    let listed = life.system().x(&["admin", "webhooks", "events", "*", "event-bus"]).unwrap();
    assert!(listed.contains(event["id"].as_str().unwrap()), "{listed}");
    life.aws("events", "remove_targets", &json!({"Rule": "life", "Ids": ["queue"]}));
    life.aws("events", "delete_rule", &json!({"Name": "life"}));
    life.aws("sqs", "delete_queue", &json!({"QueueUrl": url}));
    // Without the parameter there is no receiver any more.
    life.redeploy(&["EventBusArn="]).unwrap();
    life.reload();
    life.sweep();
    let list = life.system().x(&["admin", "webhooks", "list"]).unwrap();
    assert!(list.contains("there are no webhooks"), "{list}");
}

/// The role, the trigger and the check follow.
async fn another_budget(life: &mut Life) {
    life.redeploy(&["Budget=3"]).unwrap();
    assert_eq!(life.role_limits().await, [3, 16]);
    assert_eq!(life.trigger().0, 3);
    life.reload();
    life.system().x(&["admin", "check"]).unwrap();
    life.export().await;
}

/// The secret, then the database by `admin migrate`. The next session uses it.
async fn another_password(life: &Life) {
    let url = life.system().stack.store_url.clone();
    assert!(connects(&url).await);
    life.put("sluice/store", None);
    life.put("sluice/source", None);
    life.system().x(&["admin", "migrate"]).unwrap();
    assert!(!connects(&url).await, "the old password is still valid");
    life.export().await;
}

/// A release with another schema and other code runs, and so does the one before it after that.
async fn upgrade_and_rollback(life: &mut Life) {
    let folder = tempfile::tempdir().unwrap();
    let (before, next) = (life.this_release(), life.next_release(folder.path()));
    let (old_version, old_code) = life.live("worker");
    // The bootstrap corrects it when it runs again.
    life.system().run("alter role sluice_source connection limit 7").await.unwrap();
    life.release(&next.0, &next.1);
    assert_eq!(life.role_limits().await, [3, 16], "a changed schema runs the bootstrap");
    let (new_version, new_code) = life.live("worker");
    assert!(new_version != old_version && new_code != old_code, "the alias names the new code");
    life.export().await;

    life.release(&before.0, &before.1);
    let (version, code) = life.live("worker");
    assert!(version != new_version && code == old_code, "the alias names the old code");
    life.export().await;
}

/// CloudFormation goes back to the parameters and versions that were there.
async fn a_failed_deployment(life: &mut Life) {
    let before = life.live("api");
    // The owner's database does not exist.
    let (server, _) = life.system().stack.owner_url.rsplit_once('/').unwrap();
    let (_, server) = server.rsplit_once('@').unwrap();
    let owner = format!("OwnerUrl=postgres://{server}/none?sslmode=disable");
    let failed = life.redeploy(&["Budget=2", &owner]).unwrap_err().to_string();
    assert!(failed.contains("UPDATE_ROLLBACK_COMPLETE") && failed.contains("Bootstrap"), "{failed}");
    assert_eq!(life.role_limits().await, [3, 16]);
    assert_eq!(life.trigger().0, 3);
    assert_eq!(life.live("api"), before);
    life.export().await;
}

/// Files and passwords stay, and the data in PostgreSQL; nothing else.
async fn deletion(life: &Life) {
    life.system().x(&["undeploy"]).unwrap();
    let mut left = life.left();
    left.retain(|kind, _| !STAY.contains(&kind.as_str()));
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(life.processes(), Vec::<String>::new());
    assert!(life.system().number("select count(*) from sluice.export").await.unwrap() > 4);
}

/// With a wrong password of the owner; nothing stays, and with the right one it succeeds under the same name.
async fn a_first_deployment_that_fails(life: &mut Life) {
    let kept = life.left();
    // Twice, because a login also tries the version of the secret before the current one.
    let right = life.put("sluice/owner", Some("wrong"));
    life.put("sluice/owner", Some("wrong too"));
    let failed = life.redeploy(&[]).unwrap_err().to_string();
    assert!(failed.contains("ended as ROLLBACK_COMPLETE") && failed.contains("Bootstrap"), "{failed}");
    life.put("sluice/owner", Some(&right));
    life.system().x(&["undeploy"]).unwrap();
    assert_eq!(life.left(), kept);
    life.redeploy(&[]).unwrap();
    life.reload();
    life.system().x(&["admin", "check"]).unwrap();
    life.export().await;
    deletion(life).await;
}
