//! Rotation of the passwords of source and store while exports run, as infra/README.md describes it: no chunk fails, and
//! nothing is deployed.
//!
//! The tests run one after the other on a stack of their own, because a password belongs to the whole stack.

mod stack;

use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use export::state::ExportStatus;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use store::Store;
use tests::eventually;

use stack::{Database, Rotated};

#[tokio::test(flavor = "multi_thread")]
async fn passwords_rotate_while_exports_run() {
    let stack = Rotated::start().await;
    let variables = stack.variables();
    assert!(!variables.is_empty());
    for text in &variables {
        for database in [Database::Source, Database::Store, Database::Owner] {
            assert!(!text.contains(&stack.password(database)), "a variable contains a password");
        }
    }

    let over = AtomicBool::new(false);
    let (ended, ()) = tokio::join!(exports(&stack, &over), async {
        for database in [Database::Source, Database::Store, Database::Source] {
            stack.await_chunks().await;
            rotate(&stack, database).await;
        }
        stack.await_chunks().await;
        over.store(true, Ordering::Relaxed);
    });
    println!("{ended} exports during three rotations");
    assert!(ended >= 2);
    let other = "select count(*) from sluice.attempt where coalesce(outcome not in ('done', 'unchanged'), true) or failure is not null";
    assert_eq!(stack.system().number(other).await.unwrap(), 0, "no chunk has needed a second attempt");

    the_owners_password_rotates_too(&stack).await;
}

/// Runs one export after the other until it is over; returns their number.
async fn exports(stack: &Rotated, over: &AtomicBool) -> usize {
    let request = json!({"datasets": ["parcels"], "startDate": "2024-01-01", "endDate": "2024-01-20"});
    for ended in 1.. {
        let id = stack.system().submit(&request).await.unwrap();
        let export = stack.system().wait(id).await.unwrap();
        assert_eq!(export.status, ExportStatus::Succeeded, "{:?}", export.errors);
        if over.load(Ordering::Relaxed) {
            return ended;
        }
    }
    unreachable!("the loop has no end")
}

/// The three steps: the secret, the server by `admin migrate`, the pooler. Processes that start between them log in too.
async fn rotate(stack: &Rotated, database: Database) {
    let before = stack.url(database);
    stack.put(database);
    stack.restart_api().await;
    stack.system().x(&["admin", "migrate"]).unwrap();
    stack.reload_pooler();
    stack.restart_api().await;
    // The pooler refuses startup parameters.
    let connects = async |url: &str| {
        let options = PgConnectOptions::from_str(url).unwrap().extra_float_digits(None);
        match options.connect().await {
            Ok(connection) => connection.close().await.is_ok(),
            Err(_) => false,
        }
    };
    eventually("the new password is valid", async || connects(&stack.url(database)).await).await;
    assert!(!connects(&before).await, "the old password is still valid");
}

/// The owner's password changes in the secret and at the server; the next `migrate` reads it.
async fn the_owners_password_rotates_too(stack: &Rotated) {
    stack.put(Database::Owner);
    let change = format!("alter role current_user password '{}'", stack.password(Database::Owner));
    stack.system().run(&change).await.unwrap();
    stack.system().x(&["admin", "migrate"]).unwrap();
    Store::new(&stack.url(Database::Store)).unwrap().state().await.unwrap();
}
