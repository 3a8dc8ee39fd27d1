//! Order of dispatch.

use store::{Backlog, Store};
use tests::Database;

use crate::fixture::{add_tenant, new_export, target, work};

async fn store(budget: &str) -> (Database, Store) {
    let database = Database::create(&[("budget", budget)]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    (database, store)
}

#[tokio::test]
async fn concurrent_dispatch_sends_at_most_twice_the_budget() {
    let (database, store) = store("3").await;
    let acme = add_tenant(&store, "acme").await;
    store.accept(&new_export(&acme, vec![target(&acme, "orders", 0, 100, 50)])).await.unwrap();
    let tasks = (0..8).map(|_| {
        let store = Store::new(&database.url).unwrap();
        tokio::spawn(async move { store.dispatch().await.unwrap().len() })
    });
    let sent: usize = futures::future::join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(sent, 6);
}

#[tokio::test]
async fn tenants_take_turns_and_so_do_their_exports() {
    let (_database, store) = store("2").await;
    let (acme, other) = (add_tenant(&store, "acme").await, add_tenant(&store, "other").await);
    let large = new_export(&acme, vec![target(&acme, "orders", 0, 100, 50)]);
    store.accept(&large).await.unwrap();
    let small = new_export(&acme, vec![target(&acme, "clients", 0, 100, 2)]);
    store.accept(&small).await.unwrap();
    let foreign = new_export(&other, vec![target(&other, "orders", 0, 100, 2)]);
    store.accept(&foreign).await.unwrap();
    let mut order = Vec::new();
    for _ in 0..4 {
        for chunk in store.dispatch().await.unwrap() {
            let exports = work(&store, chunk).await;
            order.push(if exports == [large.id] {
                'L'
            } else if exports == [small.id] {
                's'
            } else {
                'f'
            });
        }
    }
    let order: String = order.into_iter().take(8).collect();
    // The tenants alternate while both have something due, and acme's two exports alternate too.
    assert_eq!(order.matches('f').count(), 2);
    assert_eq!(order.matches('s').count(), 2, "{order}");
    assert!(order[..4].contains("f") && order[..4].contains("s"), "{order}");
}

#[tokio::test]
async fn while_paused_nothing_goes_out_and_no_deadline_passes() {
    let (database, store) = store("2").await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 5)]);
    store.accept(&new).await.unwrap();
    assert!(store.pause().await.unwrap());
    assert!(!store.pause().await.unwrap());
    assert!(store.dispatch().await.unwrap().is_empty());
    assert!(store.export(&acme, new.id).await.unwrap().unwrap().paused);
    database.run("update sluice.setting set value = (now() - interval '2 hours')::text where name = 'paused_at'; update sluice.export set queued_at = now() - interval '3 hours', deadline_at = now() - interval '1 hour'").await.unwrap();
    assert!(store.past_deadline(10).await.unwrap().is_empty());
    assert!(store.resume().await.unwrap());
    assert!(store.past_deadline(10).await.unwrap().is_empty(), "the deadline moved by two hours");
    assert_eq!(store.dispatch().await.unwrap().len(), 4);
}

#[tokio::test]
async fn backlog_reports_the_longest_wait_when_paused_or_sent() {
    let (database, store) = store("2").await;
    assert_eq!(store.backlog().await.unwrap(), Backlog::default(), "nothing is due");
    let (acme, other) = (add_tenant(&store, "acme").await, add_tenant(&store, "other").await);
    store.accept(&new_export(&acme, vec![target(&acme, "orders", 0, 100, 5)])).await.unwrap();
    store.accept(&new_export(&other, vec![target(&other, "orders", 0, 100, 5)])).await.unwrap();
    database.run("update sluice.chunk set due_at = clock_timestamp() + interval '1 hour'").await.unwrap();
    assert_eq!(store.backlog().await.unwrap(), Backlog::default(), "all wait for a later time");
    database.run("update sluice.chunk set due_at = clock_timestamp() - interval '1 hour' where id = (select min(id::text)::uuid from sluice.chunk where tenant = 'other')").await.unwrap();
    store.pause().await.unwrap();
    let hour_old = |backlog: Backlog| (3_600_000..7_200_000).contains(&backlog.oldest_due_ms);
    let paused = store.backlog().await.unwrap();
    assert!(hour_old(paused) && paused.sent + paused.running == 0, "{paused:?}");
    store.resume().await.unwrap();
    // Sent, never taken, and sent again: it continues to wait.
    let mut out = Vec::new();
    for sends in 1..3 {
        out = store.dispatch().await.unwrap();
        assert_eq!(out.len(), 1, "{sends}");
        let sent = store.backlog().await.unwrap();
        assert!(hour_old(sent) && (sent.sent, sent.running) == (1, 0), "{sent:?}");
        database
            .run("update sluice.chunk set sent_at = sent_at - interval '1 hour' where state = 'sent'")
            .await
            .unwrap();
    }
    assert!(store.lease(out[0], 60).await.unwrap().is_some());
    assert_eq!(store.backlog().await.unwrap(), Backlog { oldest_due_ms: 0, sent: 0, running: 1 });
}
