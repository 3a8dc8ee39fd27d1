//! Chaos: processes are killed, the database and the pooler restart, the bucket, the queue and the sessions fail, while
//! several tenants export, cancel, retry, extend and delete. Then the faults end, and nothing may be wrong.
//!
//! `cargo x chaos --minutes N --seed S` runs this for long on a dedicated stack; `cargo x test` runs it briefly.

mod client;
mod killer;
mod menu;
mod tally;
mod verify;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ports::fault::{Dice, Fault, FaultPlan};
use tests::System;

use crate::turn;
use client::Tenant;
use tally::Tally;

/// Duration without `SLUICE_CHAOS_SECS`.
const SECS: u64 = 40;

/// Tenants that take part. Two have their own rows in `notes`.
const TENANTS: [&str; 3] = ["demo", "other", "third"];
/// Clients of each tenant.
const CLIENTS: u64 = 2;

/// State shared by all tasks of the chaos.
pub(crate) struct Arena {
    system: &'static System,
    seed: u64,
    over: AtomicBool,
    tally: Tally,
}

impl Arena {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Sleeps, but not beyond the end.
    async fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        while !self.is_over() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Returns a plan with every fault, each at a rate at which exports still complete now and then.
fn plan(seed: u64) -> FaultPlan {
    let share = |fault| match fault {
        Fault::ObjectsSlow | Fault::StoreSlow | Fault::SourceSlow => 60,
        Fault::QueueLose | Fault::QueueDouble | Fault::QueueDelay | Fault::QueueRefuse => 80,
        Fault::QueueFail | Fault::SourceRefuse => 60,
        Fault::ObjectsFail | Fault::ObjectsThrottle | Fault::ObjectsLoseAnswer => 30,
        Fault::StoreBusy | Fault::StoreLoseAnswer => 15,
        Fault::SourceCut => 10,
        Fault::ShortTime => 30,
    };
    FaultPlan { seed, slow_ms: 400, per_thousand: Fault::ALL.map(|fault| (fault, share(fault))).into() }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_export_ends_correctly_under_random_faults() {
    let (system, _turn) = turn().await;
    let seed = number("SLUICE_CHAOS_SEED", 1);
    let lasts = Duration::from_secs(number("SLUICE_CHAOS_SECS", SECS));
    println!("chaos of {} s, seed {seed}", lasts.as_secs());
    let arena = Arc::new(Arena { system, seed, over: AtomicBool::new(false), tally: Tally::default() });
    system.faults().plan(&plan(seed)).unwrap();

    let mut tenants = BTreeMap::new();
    for name in TENANTS {
        let tenant = name.parse().unwrap();
        let key = system.store().create_key(&tenant, "chaos").await.unwrap();
        tenants.insert(name, Arc::new(Tenant::new(system, tenant, &key)));
    }
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for (n, tenant) in tenants.values().enumerate() {
        for client in 0..CLIENTS {
            let dice = Dice::new(seed.wrapping_mul(1_000).wrapping_add(n as u64 * CLIENTS + client));
            tasks.push(tokio::spawn(client::run(arena.clone(), tenant.clone(), dice)));
        }
    }
    tasks.push(tokio::spawn(killer::processes(arena.clone())));
    tasks.push(tokio::spawn(killer::points(arena.clone())));
    tasks.push(tokio::spawn(killer::servers(arena.clone())));
    tasks.push(tokio::spawn(killer::sweeper(arena.clone())));
    tasks.push(tokio::spawn(watch::sessions(arena.clone())));
    tasks.push(tokio::spawn(watch::invariants(arena.clone())));
    tokio::time::sleep(lasts).await;
    arena.over.store(true, Ordering::Relaxed);
    system.faults().clear().unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    // A fault may have been armed just before.
    system.faults().clear().unwrap();
    let quiet = Instant::now();
    verify::quiesce(&arena).await;
    verify::everything(&arena, tenants.values()).await;
    println!(
        "\n{}\nchaos {:.0} s, quiet and verified after {:.0} s more, seed {seed}",
        arena.tally,
        (quiet - begun).as_secs_f64(),
        quiet.elapsed().as_secs_f64()
    );
    let violations = arena.tally.violations();
    assert!(violations.is_empty(), "seed {seed}:\n{}", violations.join("\n"));
}
