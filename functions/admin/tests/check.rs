//! `check` against the stack which `SLUICE_STACK` names: each way in which the deployment can disagree with its servers.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;

use admin::{Answer, Context, Settings};
use ports::objects::MemoryObjects;
use ports::store::StoredSettings;
use serde_json::{Value, json};

/// The stack, as its template has deployed it.
struct Ground {
    source_url: String,
    store_url: String,
    stored: StoredSettings,
}

impl Ground {
    async fn new() -> Option<Self> {
        let Ok(file) = std::env::var("SLUICE_STACK") else {
            eprintln!("skipped: SLUICE_STACK does not name a running stack's stack.json");
            return None;
        };
        let stack: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let url = |key: &str| stack[key].as_str().unwrap().to_owned();
        let kept = ports::store::Store::new(&url("storeUrl")).unwrap().state().await.unwrap().settings;
        let number = |name: &str| kept[name].parse().unwrap();
        let stored = StoredSettings {
            budget: number("budget"),
            store_sessions: number("store_sessions"),
            worker_timeout_secs: number("worker_timeout_secs"),
            retention_hours: number("retention_hours"),
            reuse_days: number("reuse_days"),
            resend_secs: number("resend_secs"),
            max_active_exports: number("max_active_exports"),
            max_queued_exports: number("max_queued_exports"),
        };
        Some(Self { source_url: url("sourceUrl"), store_url: url("storeUrl"), stored })
    }

    /// What `check` says of a deployment with these settings before the same servers.
    async fn check(&self, stored: StoredSettings) -> Answer {
        let settings = Settings {
            owner_url: None,
            source_url: self.source_url.clone(),
            store_url: self.store_url.clone(),
            login: Default::default(),
            stored,
            tokens: false,
            max_active_sessions: 0,
        };
        let context = Context::new(settings, Arc::new(MemoryObjects::default())).unwrap();
        admin::run(&context, json!({"command": "check"})).await
    }
}

#[track_caller]
fn says(answer: &Answer, part: &str) {
    assert!(answer.text.contains(part), "{part:?} is not in:\n{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_roles_pools_and_the_server_are_compared() {
    let Some(ground) = Ground::new().await else { return };
    let (b, s) = (ground.stored.budget, ground.stored.store_sessions);
    let answer = ground.check(ground.stored).await;
    assert!(answer.ok, "{}", answer.text);
    says(&answer, &format!("budget {b} and store sessions {s}"));
    says(&answer, &format!("the source gives {b} sessions at once; one more waits"));
    says(&answer, &format!("the store gives {s} sessions at once; one more waits"));

    // A budget that only the template knows: settings, role and pool still have the old one.
    let answer = ground.check(StoredSettings { budget: b + 2, ..ground.stored }).await;
    assert!(!answer.ok);
    says(&answer, &format!("sluice_source may have {b} sessions instead of {}; run admin migrate", b + 2));
    says(&answer, &format!("budget is {b} in the store, {} in this deployment; run admin migrate", b + 2));
    says(&answer, &format!("the way to the source gives {b} sessions at once instead of {} (Budget)", b + 2));
    says(&answer, "raise its pool for this role (PgBouncer: pool_size; RDS Proxy: MaxConnectionsPercent)");

    let answer = ground.check(StoredSettings { store_sessions: s + 1, ..ground.stored }).await;
    says(
        &answer,
        &format!("the way to the store gives {s} sessions at once instead of {} (StoreSessions)", s + 1),
    );

    // Less than the role and the pool have: the promise does not hold.
    let answer = ground.check(StoredSettings { budget: b - 1, ..ground.stored }).await;
    says(
        &answer,
        &format!("the way to the source gives more than {} sessions at once (Budget): no limit holds", b - 1),
    );

    let answer = ground.check(StoredSettings { store_sessions: 60, ..ground.stored }).await;
    says(
        &answer,
        &format!(
            "budget {b} and store sessions 60 and 3 reserved are more than the 40 sessions of the server; lower Budget or StoreSessions, or raise max_connections"
        ),
    );
}
