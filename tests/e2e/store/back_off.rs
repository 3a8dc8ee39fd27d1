//! A condition of the deployment delays all chunks: they wait, nothing fails, and work continues without intervention.

use export::failure::{Failure, FailureCode};
use export::id::{ChunkId, TenantId};
use export::load::{Excess, Hold, Signal};
use export::state::{AttemptOutcome, ChunkState};
use export::usage::Usage;
use store::{GivenBack, NewExport, Noted, ReadNote, Store};
use tests::Database;

use crate::fixture::{LEASE_SECS, add_tenant, drain, file, new_export, note, target, work};

const CROWDED: Excess = Excess { signal: Signal::ActiveSessions, seen: 45, allowed: 40 };

async fn setup() -> (Database, Store, TenantId, NewExport) {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 8)]);
    store.accept(&new).await.unwrap();
    (database, store, acme, new)
}

fn hold(signal: Signal) -> Hold {
    Hold { signal, reason: "a reason".into() }
}

/// Leases the chunk as a worker and backs off because of the condition. Returns the outcome for the chunk.
async fn meet(store: &Store, chunk: ChunkId, hold: &Hold) -> GivenBack {
    let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
    store.back_off(chunk, attempt.number, hold, &Usage::default()).await.unwrap()
}

/// Leases the chunk as a worker and backs off because the source is too busy.
async fn too_busy(store: &Store, chunk: ChunkId) {
    let given = meet(store, chunk, &CROWDED.into()).await;
    assert!(matches!(given, GivenBack::Waits { secs: 1.. }), "{given:?}");
}

const FAILURES: &str = "select sum(failures) + count(*) filter (where state = 'failed') from sluice.chunk";

/// Ends the time of the back-off.
async fn passes(database: &Database) {
    let over = "update sluice.back_off set until = clock_timestamp(); \
                update sluice.chunk set due_at = clock_timestamp() where state = 'due' and due_at > clock_timestamp()";
    database.run(over).await.unwrap();
}

#[tokio::test]
async fn back_off_sends_nothing_fails_nothing_and_states_its_reason() {
    let (database, store, acme, new) = setup().await;
    let sent = store.dispatch().await.unwrap();
    let second = store.lease(sent[1], LEASE_SECS).await.unwrap().unwrap();
    too_busy(&store, sent[0]).await;
    let until = "select sluice.micros(until) from sluice.back_off";
    let first_until = database.number(until).await.unwrap();
    store.back_off(sent[1], second.number, &CROWDED.into(), &Usage::default()).await.unwrap();
    assert_eq!(
        database.number(until).await.unwrap(),
        first_until,
        "found within one back-off, it is the same one"
    );
    assert!(store.lease(sent[2], LEASE_SECS).await.unwrap().is_none(), "what was on its way waits too");
    assert!(store.dispatch().await.unwrap().is_empty());
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    let held = state.back_off.unwrap();
    assert_eq!((held.hold, held.until_micros), (CROWDED.into(), first_until));
    assert!(held.since_micros < first_until);
    assert_eq!(database.number(FAILURES).await.unwrap(), 0);
    let page = store.chunk_page(&acme, new.id, None, 10).await.unwrap().unwrap();
    let given_back = page.chunks.iter().find(|c| c.id == sent[0]).unwrap();
    assert_eq!((given_back.state, given_back.attempt), (ChunkState::Due, 1));
    let attempt = &given_back.attempts[0];
    assert_eq!(attempt.outcome, Some(AttemptOutcome::BackedOff));
    assert!(attempt.failure.as_ref().unwrap().message.contains("45 other sessions"));
}

#[tokio::test]
async fn back_off_grows_and_ends_with_one_successful_probe() {
    let (database, store, acme, new) = setup().await;
    too_busy(&store, store.dispatch().await.unwrap()[0]).await;
    let wait = "select extract(epoch from until - since)::bigint from sluice.back_off";
    let mut waits = Vec::new();
    for _ in 0..8 {
        passes(&database).await;
        let sent = store.dispatch().await.unwrap();
        assert_eq!(sent.len(), 1, "one chunk looks again");
        assert!(store.dispatch().await.unwrap().is_empty(), "and no other while it is on its way");
        let running = store.lease(sent[0], LEASE_SECS).await.unwrap().unwrap();
        assert!(store.dispatch().await.unwrap().is_empty(), "nor while it finds out");
        database.run("update sluice.back_off set since = clock_timestamp()").await.unwrap();
        let given =
            store.back_off(sent[0], running.number, &CROWDED.into(), &Usage::default()).await.unwrap();
        assert!(matches!(given, GivenBack::Waits { .. }));
        waits.push(database.number(wait).await.unwrap());
    }
    assert_eq!(waits, [4, 8, 16, 32, 64, 120, 120, 120]);
    passes(&database).await;
    let sent = store.dispatch().await.unwrap();
    let attempt = store.lease(sent[0], LEASE_SECS).await.unwrap().unwrap();
    assert_eq!(attempt.failures, 0);
    // The load is gone: its worker reads.
    let read = ReadNote { as_of_micros: 1, horizon_micros: None, proof: None };
    assert_eq!(store.note_read(&attempt, &read).await.unwrap(), Noted::Resumed);
    assert!(store.export(&acme, new.id).await.unwrap().unwrap().back_off.is_none());
    assert_eq!(store.dispatch().await.unwrap().len(), 3, "all the budget is used again");
    let fenced =
        store.back_off(sent[0], attempt.number + 1, &CROWDED.into(), &Usage::default()).await.unwrap();
    assert_eq!(fenced, GivenBack::Fenced);
    assert_eq!(
        database.number("select count(*) from sluice.back_off").await.unwrap(),
        0,
        "a fenced attempt holds nothing back"
    );
}

#[tokio::test]
async fn pause_takes_back_unleased_chunks() {
    let (_database, store, acme, new) = setup().await;
    let sent = store.dispatch().await.unwrap();
    let running = store.lease(sent[0], LEASE_SECS).await.unwrap().unwrap();
    assert!(store.pause().await.unwrap());
    for late in &sent[1..] {
        assert!(store.lease(*late, LEASE_SECS).await.unwrap().is_none(), "nothing new starts");
    }
    assert!(note(&store, &running).await, "what runs, runs on");
    assert!(store.dispatch().await.unwrap().is_empty());
    assert!(store.resume().await.unwrap());
    assert_eq!(store.dispatch().await.unwrap().len(), 3);
    for chunk in &sent[1..] {
        work(&store, *chunk).await;
    }
    store
        .record(sent[0], &crate::fixture::file(running.number, 5), &Usage::default())
        .await
        .unwrap()
        .unwrap();
    drain(&store).await;
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!((state.progress.chunks_done, state.progress.chunks_failed), (8, 0));
}

#[tokio::test]
async fn bucket_back_off_ends_with_a_file_not_a_read() {
    let (database, store, acme, new) = setup().await;
    let sent = store.dispatch().await.unwrap();
    meet(&store, sent[0], &hold(Signal::StorageThrottled)).await;
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!(state.back_off.unwrap().hold, hold(Signal::StorageThrottled));
    passes(&database).await;
    let sent = store.dispatch().await.unwrap();
    let probe = store.lease(sent[0], LEASE_SECS).await.unwrap().unwrap();
    assert!(note(&store, &probe).await);
    assert!(store.dispatch().await.unwrap().is_empty(), "the bucket may still refuse");
    store.record(sent[0], &file(probe.number, 5), &Usage::default()).await.unwrap().unwrap();
    assert_eq!(store.dispatch().await.unwrap().len(), 4);
    assert_eq!(database.number(FAILURES).await.unwrap(), 0);
}

#[tokio::test]
async fn failed_probe_is_followed_by_another() {
    let (database, store, _acme, _new) = setup().await;
    let sent = store.dispatch().await.unwrap();
    meet(&store, sent[0], &hold(Signal::SourceLogin)).await;
    passes(&database).await;
    let sent = store.dispatch().await.unwrap();
    let probe = store.lease(sent[0], LEASE_SECS).await.unwrap().unwrap();
    let own = Failure::new(FailureCode::SchemaChanged, "m");
    store.fail(sent[0], probe.number, &own, &Usage::default()).await.unwrap().unwrap();
    assert_eq!(store.dispatch().await.unwrap().len(), 1);
}

/// No call reached the store while the lease expired, which proves nothing about the worker. If any call reached the
/// store, the worker could have renewed its lease.
#[tokio::test]
async fn lease_expired_without_any_store_call_is_not_charged() {
    let (database, store, _acme, _new) = setup().await;
    let chunk = store.dispatch().await.unwrap()[0];
    let last = export::failure::MAX_FAILURES - 1;
    for (seen_secs_ago, charged) in [(90, 0), (15, 1)] {
        store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
        let lapse = format!(
            "update sluice.chunk set failures = {last}, renewed_at = now() - interval '70 s', lease_until = now() - interval '10 s' where id = '{chunk}'; \
             update sluice.pulse set at = now() - interval '{seen_secs_ago} s'"
        );
        database.run(&lapse).await.unwrap();
        store.dispatch().await.unwrap();
        let failures = format!("select failures::bigint from sluice.chunk where id = '{chunk}'");
        assert_eq!(database.number(&failures).await.unwrap(), i64::from(last) + charged);
    }
    // A worker that dies each time, while only the sweeper dispatches, once a minute.
    database
        .run(&format!("update sluice.chunk set failures = 0, state = 'sent' where id = '{chunk}'"))
        .await
        .unwrap();
    let state = format!("select count(*) from sluice.chunk where id = '{chunk}' and state = 'failed'");
    for _ in 0..2 * (last + 1) {
        if store.lease(chunk, LEASE_SECS).await.unwrap().is_none() {
            break;
        }
        let lapse = format!(
            "update sluice.chunk set renewed_at = now() - interval '75 s', lease_until = now() - interval '15 s' where id = '{chunk}'; \
             update sluice.pulse set at = now() - interval '60 s'"
        );
        database.run(&lapse).await.unwrap();
        store.dispatch().await.unwrap();
        database
            .run(&format!("update sluice.chunk set state = 'sent' where id = '{chunk}' and state = 'due'"))
            .await
            .unwrap();
    }
    assert_eq!(database.number(&state).await.unwrap(), 1, "not charged is every second one at most");
    let outcomes = "select count(*) from sluice.attempt where number = 1 and outcome = 'backed_off' and failure ->> 'code' = 'store_unavailable' \
                    or number = 2 and outcome = 'lost'";
    assert_eq!(database.number(outcomes).await.unwrap(), 2);
}

/// The store was unreachable for longer than a lease. `dispatch()` counted the worker as lost before the outage was
/// detected.
#[tokio::test]
async fn lease_expired_during_a_store_outage_is_not_charged() {
    let (database, store, _acme, _new) = setup().await;
    let sent = store.dispatch().await.unwrap();
    let attempt = store.lease(sent[0], 0).await.unwrap().unwrap();
    store.dispatch().await.unwrap();
    assert_eq!(database.number(FAILURES).await.unwrap(), 1);
    let away = hold(Signal::StoreUnavailable);
    let given = store.back_off(sent[0], attempt.number, &away, &Usage::default()).await.unwrap();
    assert!(matches!(given, GivenBack::Waits { .. }));
    assert_eq!(database.number(FAILURES).await.unwrap(), 0);
    assert_eq!(database.number("select count(*) from sluice.back_off").await.unwrap(), 0, "dispatch goes on");
    let again = store.back_off(sent[0], attempt.number, &away, &Usage::default()).await.unwrap();
    assert_eq!(again, GivenBack::Fenced);
}

#[tokio::test]
async fn chunk_breaking_every_session_is_blamed() {
    let (database, store, _acme, _new) = setup().await;
    let gone = hold(Signal::SourceUnavailable);
    let mut ends = Vec::new();
    for _ in 0..8 {
        let sent = store.dispatch().await.unwrap();
        let attempt = store.lease(sent[0], LEASE_SECS).await.unwrap().unwrap();
        assert!(note(&store, &attempt).await);
        ends.push(store.back_off(sent[0], attempt.number, &gone, &Usage::default()).await.unwrap());
        passes(&database).await;
    }
    assert!(ends[..7].iter().all(|end| matches!(end, GivenBack::Waits { .. })), "{ends:?}");
    assert_eq!(ends[7], GivenBack::BreaksSessions);
    // A back-off restarts whenever a chunk could begin to read. The wait of this chunk grows all the same.
    let secs: Vec<u32> = ends
        .iter()
        .filter_map(|end| if let GivenBack::Waits { secs } = end { Some(*secs) } else { None })
        .collect();
    assert!(secs.windows(2).all(|two| two[0] < two[1]) && secs[6] >= 100, "{secs:?}");
    assert_eq!(
        database.number("select count(*) from sluice.chunk where state = 'running'").await.unwrap(),
        1
    );
}

#[tokio::test]
async fn status_reports_that_no_worker_takes_chunks() {
    let (database, store, acme, new) = setup().await;
    let back_off = async || store.export(&acme, new.id).await.unwrap().unwrap().back_off;
    for sends in 1..=3 {
        assert!(back_off().await.is_none(), "{sends}");
        store.dispatch().await.unwrap();
        database
            .run("update sluice.chunk set sent_at = sent_at - interval '1 hour' where state = 'sent'")
            .await
            .unwrap();
    }
    let held = back_off().await.unwrap();
    assert_eq!(held.hold.signal, Signal::NoWorker);
    assert!(held.hold.reason.contains("no worker took a chunk"));
    let sent = store.dispatch().await.unwrap();
    store.lease(sent[0], LEASE_SECS).await.unwrap().unwrap();
    assert!(back_off().await.is_none(), "a worker has come");
}

#[tokio::test]
async fn deadline_error_names_the_back_off_reason() {
    let (database, store, acme, new) = setup().await;
    let sent = store.dispatch().await.unwrap();
    meet(&store, sent[0], &hold(Signal::SourceLogin)).await;
    database.run("update sluice.export set deadline_at = clock_timestamp()").await.unwrap();
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!(state.errors.len(), 8);
    let failure = &state.errors[0].failure;
    assert!(
        failure.code == FailureCode::Deadline
            && failure.message.contains("a reason; retry the export when this condition has ended")
    );
}
