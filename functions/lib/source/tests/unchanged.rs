//! Random histories of writers: rows that a session finds unchanged are the rows that were read.
//!
//! Needs servers: `SLUICE_STACK` names a file with `ownerUrl`, `SLUICE_POSTGRES_15` is the URL of an owner there. Each
//! test creates a database of its own and drops it. `SLUICE_PROOF_ROUNDS` is the number of rounds on each server, and
//! `SLUICE_PROOF_SEED` the seed of the histories.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "unchanged/bed.rs"]
mod bed;
#[path = "unchanged/own_server.rs"]
mod own_server;
#[path = "unchanged/traps.rs"]
mod traps;
#[path = "unchanged/whole_servers.rs"]
mod whole_servers;
#[path = "unchanged/writers.rs"]
mod writers;

use bed::{Bed, RANGES, servers};
use writers::{Dice, Writers};

/// Rounds on each server in a run of all tests.
const ROUNDS: u32 = 300;
/// Seed of the histories of a run of all tests.
const SEED: u64 = 0x5105_1ce5;

#[tokio::test(flavor = "multi_thread")]
async fn no_history_of_writers_is_falsely_unchanged() {
    let rounds = std::env::var("SLUICE_PROOF_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let seed = std::env::var("SLUICE_PROOF_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    for url in servers() {
        let bed = Bed::start(&url, "random").await;
        let mut writers = Writers::start(&bed).await;
        let mut dice = Dice::new(seed);
        let (mut same, mut missed, mut changed) = (0_u32, 0_u32, 0_u32);
        for round in 0..rounds {
            writers.history.clear();
            // An old transaction makes all later rows look young, so most rounds begin without one.
            if dice.below(4) > 0 {
                writers.settle().await;
            }
            for _ in 0..dice.below(3) {
                writers.step(&bed, &mut dice).await;
            }
            let (selection, range) = bed.chunk(dice.below(RANGES));
            let Some(read) = bed.read(&selection, &range, &mut writers, &mut dice).await else { continue };
            // Nothing at all happens in a part of the rounds: a proof that never holds would prove nothing.
            for _ in 0..dice.below(5) {
                writers.step(&bed, &mut dice).await;
            }
            let Some(found) = bed.check(&selection, &range, &read, &mut writers, &mut dice).await else {
                continue;
            };
            match (found.unchanged, found.rows == read.rows) {
                (true, false) => panic!(
                    "round {round}: falsely unchanged\nread  {}\nfound {}\n{}",
                    read.rows,
                    found.rows,
                    writers.history.join("\n")
                ),
                (true, true) => same += 1,
                (false, true) => missed += 1,
                (false, false) => changed += 1,
            }
        }
        let equal = same + missed;
        println!(
            "PostgreSQL {}: {rounds} rounds, {changed} changed, {equal} equal; {missed} of these found changed, {:.0} %; 0 falsely unchanged",
            bed.version,
            f64::from(missed) * 100.0 / f64::from(equal.max(1))
        );
        assert!(same > rounds / 20 && changed > rounds / 20, "{same} {changed}: the histories show nothing");
        writers.end().await;
        bed.end().await;
    }
}
