//! Saved exports on their schedules, with the clock of the store moved.

use std::collections::BTreeMap;

use export::id::TenantId;
use export::saved::Definition;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use ports::objects::MemoryObjects;
use ports::queue::MemoryQueue;
use serde_json::{Value, json};
use store::schedules::Runner;
use store::{NewSaved, SavedName, SavedRights, SavedRun, SavedState, Saving, Store};
use tests::Database;

use super::narrow::catalog;
use crate::fixture::add_tenant;

struct World {
    database: Database,
    store: Store,
    acme: TenantId,
    key_id: String,
    queue: MemoryQueue,
    objects: MemoryObjects,
}

impl World {
    async fn new() -> Self {
        let settings = [("budget", "50"), ("max_queued_exports", "1000"), ("max_kept_exports", "100000")];
        let database = Database::create(&settings).await.unwrap();
        let store = Store::new(&database.url).unwrap();
        let acme = add_tenant(&store, "acme").await;
        store.apply_catalog(&catalog(&["orders", "clients"], |_| ())).await.unwrap();
        let key_id = store.keys().await.unwrap()[0].id.clone();
        let (queue, objects) = (MemoryQueue::default(), MemoryObjects::default());
        Self { database, store, acme, key_id, queue, objects }
    }

    /// Saves an export of `orders` at an instant.
    async fn save(&self, name: &str, range: &str, schedule: &Value, at: Timestamp) {
        let body =
            json!({"name": name, "request": {"datasets": ["orders"]}, "range": range, "schedule": schedule});
        let definition = Definition::parse(&body, None).unwrap();
        let next = definition.next_after(at).unwrap();
        let by = format!("key {}", self.key_id);
        let new = NewSaved {
            tenant: self.acme.clone(),
            definition,
            rights: SavedRights { key_id: Some(self.key_id.clone()), by, datasets: None },
            datasets: vec!["orders".to_owned()],
            next_micros: Some((next.0.as_microsecond(), next.1.as_microsecond())),
        };
        assert_eq!(self.store.save(&new).await.unwrap(), Saving::Saved);
        assert_eq!(self.store.save(&new).await.unwrap(), Saving::Taken);
    }

    async fn run(&self, now: Timestamp) -> usize {
        let runner = Runner {
            store: &self.store,
            queue: &self.queue,
            objects: &self.objects,
            terms: Default::default(),
            now_micros: Some(now.as_microsecond()),
        };
        runner.run().await.unwrap()
    }

    /// Ends all live exports; one in `failing` fails.
    async fn end_exports(&self, failing: u32) {
        let end = format!(
            "update sluice.link set open = false where open;
             update sluice.chunk set state = 'failed' where state in ('due', 'sent');
             update sluice.export set status = case when hashtext(id::text) % {failing} = 0 then 'failed' else 'succeeded' end,
                 ended_at = clock_timestamp(), expires_at = clock_timestamp() + interval '1 day', manifest_key = 'm',
                 progress = '{{}}'
             where status in ('queued', 'running')"
        );
        self.database.run(&end).await.unwrap();
    }

    /// Sweeps at an instant until nothing is due.
    async fn sweep(&self, now: Timestamp, failing: u32) {
        loop {
            let started = self.run(now).await;
            let live = "select count(*) from sluice.export where status in ('queued', 'running')";
            if started == 0 && self.database.number(live).await.unwrap() == 0 {
                return;
            }
            let two = "select count(*) from (select from sluice.saved_run where outcome = 'running'
                       group by saved_id having count(*) > 1) x";
            assert_eq!(self.database.number(two).await.unwrap(), 0, "two runs at once");
            self.end_exports(failing).await;
        }
    }

    fn named<'a>(&'a self, name: &'a str) -> SavedName<'a> {
        SavedName { tenant: &self.acme, within: None, name }
    }

    async fn state(&self, name: &str) -> SavedState {
        self.store.saved(self.named(name)).await.unwrap().unwrap()
    }

    /// Returns the runs, oldest first.
    async fn runs(&self, name: &str) -> Vec<SavedRun> {
        let mut runs = self.store.saved_runs(self.named(name), None, 10_000).await.unwrap();
        runs.reverse();
        runs
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

const ZONES: [&str; 5] = ["America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland", "UTC"];

/// Days of the simulation, by the variable `SLUICE_SCHEDULE_DAYS`: 731 are two years, which take some minutes. The default
/// has the changes of the clock of one spring.
fn simulated_days() -> i64 {
    std::env::var("SLUICE_SCHEDULE_DAYS").map_or(120, |days| days.parse().expect("a number"))
}

/// Months and years in five zones, with a day and a week of outage and failing runs.
#[tokio::test]
async fn every_period_is_exported_once_in_five_zones() {
    let simulated = simulated_days();
    let world = World::new().await;
    let begin = at("2026-01-01T12:00:00Z");
    let mut names = BTreeMap::new();
    for (n, zone) in ZONES.into_iter().enumerate() {
        let daily = json!({"every": "daily", "at": "02:30", "zone": zone, "graceMinutes": 45});
        world.save(&format!("daily-{n}"), "yesterday", &daily, begin).await;
        let monthly = json!({"every": "monthly", "on": 2, "at": "06:00", "zone": zone});
        world.save(&format!("monthly-{n}"), "last closed month", &monthly, begin).await;
        names.insert(format!("daily-{n}"), 1);
        names.insert(format!("monthly-{n}"), 31);
    }
    let end = begin + days(simulated);
    let mut now = begin;
    while now < end {
        now += days(1);
        let day = now.duration_since(begin).as_hours() / 24;
        if day != 40 && !(100..107).contains(&day) {
            world.sweep(now, 50).await;
        }
    }
    // Runs that failed on the last day.
    world.sweep(end + days(1), 1_000_000_000).await;
    for (name, longest) in names {
        let runs = world.runs(&name).await;
        let mut next: Option<Date> = None;
        let mut exported = 0;
        for run in &runs {
            assert!(["succeeded", "failed"].contains(&run.outcome.as_str()), "{name}: {run:?}");
            assert!(run.started_micros >= run.tick_micros, "{name}: {run:?}");
            let (first, last): (Date, Date) = (
                run.start_date.as_ref().unwrap().parse().unwrap(),
                run.end_date.as_ref().unwrap().parse().unwrap(),
            );
            assert!(next.is_none_or(|next| next == first), "{name}: {first} follows {next:?}");
            let length = first.until(last).unwrap().get_days() + 1;
            assert!(length <= longest && (longest == 1 || length >= 28), "{name}: {run:?}");
            // A failed run keeps its period.
            next = Some(if run.outcome == "failed" { first } else { last.checked_add(1.day()).unwrap() });
            exported += usize::from(run.outcome == "succeeded");
        }
        let months = simulated / 31;
        let wanted = if longest == 1 { simulated..=simulated + 2 } else { months..=months + 2 };
        assert!(wanted.contains(&(exported as i64)), "{name}: {exported}");
        let failed = runs.len() - exported;
        println!("{name}: {exported} periods, {failed} failed runs");
    }
}

#[tokio::test]
async fn failed_run_keeps_its_period_and_waits_longer_each_time() {
    let world = World::new().await;
    let mut now = at("2026-03-01T00:00:00Z");
    world.save("hourly", "since last success", &json!({"every": "daily", "at": "06:00"}), now).await;
    now = at("2026-03-01T06:00:00Z");
    for (failure, wait_mins) in [(1, 5), (2, 30), (3, 120), (4, 360), (5, 360)] {
        assert_eq!(world.run(now - SignedDuration::from_secs(1)).await, 0);
        assert_eq!(world.run(now).await, 1, "failure {failure}");
        assert_eq!(world.run(now + days(1)).await, 0, "never two at once");
        world.end_exports(1).await;
        assert_eq!(world.run(now).await, 0);
        let state = world.state("hourly").await;
        assert_eq!((state.failures, state.error.is_some()), (failure, true));
        let next = Timestamp::from_microsecond(state.next_micros.unwrap()).unwrap();
        assert_eq!(next, now + SignedDuration::from_mins(wait_mins));
        now = next;
    }
    assert_eq!(world.run(now).await, 1);
    world.end_exports(1_000_000_000).await;
    world.run(now).await;
    let state = world.state("hourly").await;
    assert_eq!((state.failures, state.error), (0, None));
    assert_eq!(state.last_end_micros, Some(at("2026-03-01T00:00:00Z").as_microsecond()));
    let runs = world.runs("hourly").await;
    assert!(runs.iter().all(|run| run.start_date.as_deref() == Some("2026-02-28")), "{runs:?}");
    assert_eq!(runs.iter().map(|run| run.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn only_the_latest_hundred_missed_periods_are_caught_up() {
    let world = World::new().await;
    let begin = at("2026-01-01T00:00:00Z");
    world.save("daily", "yesterday", &json!({"every": "daily"}), begin).await;
    world.sweep(begin + days(200), 1_000_000_000).await;
    let runs = world.runs("daily").await;
    assert_eq!(runs.len(), 101);
    assert_eq!(runs[0].outcome, "skipped");
    assert!(
        runs[0].error.as_ref().unwrap().contains("from 2026-01-02T00:00:00Z to before 2026-04-12T00:00:00Z")
    );
    assert_eq!(runs[1].start_date.as_deref(), Some("2026-04-11"));
    assert_eq!(runs[100].start_date.as_deref(), Some("2026-07-19"));
}

#[tokio::test]
async fn process_that_dies_before_the_record_makes_no_second_export() {
    let world = World::new().await;
    let begin = at("2026-01-01T00:00:00Z");
    world.save("daily", "yesterday", &json!({"every": "daily"}), begin).await;
    let now = begin + days(1);
    assert_eq!(world.run(now).await, 1);
    let first = world.state("daily").await.export;
    // As if the record had not been written, and the claim had lapsed.
    let undo = "update sluice.saved set export_id = null, running_tick = null, running_end = null, claimed_until = null;
                delete from sluice.saved_run";
    world.database.run(undo).await.unwrap();
    assert_eq!(world.run(now).await, 1);
    assert_eq!(world.state("daily").await.export, first);
    assert_eq!(world.database.number("select count(*) from sluice.export").await.unwrap(), 1);
}

#[tokio::test]
async fn saved_export_runs_with_the_rights_of_its_key() {
    let world = World::new().await;
    let begin = at("2026-01-01T00:00:00Z");
    world.save("daily", "yesterday", &json!({"every": "daily"}), begin).await;
    // A rotated key passes it on.
    world.store.rotate_key(&world.key_id, 0, |secs| secs).await.unwrap().unwrap();
    let now = begin + days(1);
    assert_eq!(world.run(now).await, 1);
    world.end_exports(1_000_000_000).await;
    world.run(now).await;
    let keys = world.store.keys().await.unwrap();
    for key in keys {
        world.store.revoke_key(&key.id).await.unwrap();
    }
    assert_eq!(world.run(now + days(1)).await, 0);
    let state = world.state("daily").await;
    assert!(state.error.as_ref().unwrap().contains("was revoked or has expired"), "{state:?}");
    assert_eq!(world.runs("daily").await.last().unwrap().outcome, "refused");
}

#[tokio::test]
async fn refused_request_is_a_run_with_the_reason() {
    let world = World::new().await;
    let begin = at("2026-01-01T00:00:00Z");
    world.save("daily", "yesterday", &json!({"every": "daily"}), begin).await;
    world.store.apply_catalog(&catalog(&["clients"], |_| ())).await.unwrap();
    let now = begin + days(1);
    assert_eq!(world.run(now).await, 0);
    let run = world.runs("daily").await.pop().unwrap();
    assert_eq!((run.outcome.as_str(), run.export), ("refused", None));
    assert!(run.error.unwrap().contains("/datasets/0: "), "the text names field and remedy");
    // The period is exported when the dataset is back.
    world.store.apply_catalog(&catalog(&["orders", "clients"], |_| ())).await.unwrap();
    assert_eq!(world.run(now + SignedDuration::from_mins(5)).await, 1);
    assert_eq!(world.runs("daily").await.pop().unwrap().start_date.as_deref(), Some("2026-01-01"));
}

#[tokio::test]
async fn paused_schedule_is_caught_up_and_a_demanded_run_is_on_its_own() {
    let world = World::new().await;
    let begin = at("2026-01-01T00:00:00Z");
    world.save("daily", "yesterday", &json!({"every": "daily"}), begin).await;
    assert!(world.store.pause_saved(world.named("daily"), true).await.unwrap());
    assert_eq!(world.run(begin + days(3)).await, 0);
    assert!(world.store.demand_run(world.named("daily")).await.unwrap());
    assert_eq!(world.run(begin + days(3)).await, 1);
    assert!(!world.store.demand_run(world.named("daily")).await.unwrap(), "a run is under way");
    world.end_exports(1_000_000_000).await;
    assert_eq!(world.run(begin + days(3)).await, 0);
    assert!(world.store.pause_saved(world.named("daily"), false).await.unwrap());
    world.sweep(begin + days(3), 1_000_000_000).await;
    let runs = world.runs("daily").await;
    let scheduled: Vec<_> =
        runs.iter().filter(|run| !run.demanded).map(|run| run.start_date.clone().unwrap()).collect();
    assert_eq!(scheduled, ["2026-01-01", "2026-01-02", "2026-01-03"]);
    assert_eq!(runs.iter().filter(|run| run.demanded).count(), 1);
    assert!(world.store.delete_saved(world.named("daily")).await.unwrap());
    assert_eq!(world.database.number("select count(*) from sluice.saved_run").await.unwrap(), 0);
}

#[tokio::test]
async fn processes_that_sweep_at_once_start_each_run_once() {
    let world = World::new().await;
    let begin = at("2026-01-01T00:00:00Z");
    for n in 0..20 {
        world.save(&format!("daily-{n}"), "yesterday", &json!({"every": "daily"}), begin).await;
    }
    let now = begin + days(1);
    let started = futures::future::join_all((0..4).map(|_| world.run(now))).await;
    assert_eq!(started.iter().sum::<usize>(), 20, "{started:?}");
    assert_eq!(world.database.number("select count(*) from sluice.export").await.unwrap(), 20);
}
