//! Tasks that kill, restart and sweep.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ports::fault::{Dice, Point};

use super::Arena;

/// Kills a process of a random function with SIGKILL every second or so.
pub(crate) async fn processes(arena: Arc<Arena>) {
    let mut dice = Dice::new(arena.seed ^ 0x5eed_0001);
    while !arena.is_over() {
        arena.pause(Duration::from_millis(500 + dice.below(1_500))).await;
        // Workers most often, because they have the most to lose.
        let function = *dice.pick(&["worker", "worker", "worker", "api", "sweeper"]);
        let pids = arena.system.processes(function).unwrap_or_default();
        if pids.is_empty() || arena.is_over() {
            continue;
        }
        let pid = *dice.pick(&pids);
        if Command::new("kill")
            .args(["-KILL", &pid.to_string()])
            .status()
            .is_ok_and(|status| status.success())
        {
            arena.tally.count(&format!("SIGKILL of {function}"));
        }
    }
}

/// Makes a process die at a named point every second or so.
pub(crate) async fn points(arena: Arc<Arena>) {
    let mut dice = Dice::new(arena.seed ^ 0x5eed_0002);
    while !arena.is_over() {
        let point = *dice.pick(&Point::ALL);
        if arena.system.faults().arm(point).is_err() {
            continue;
        }
        arena.pause(Duration::from_millis(500 + dice.below(1_500))).await;
        if !arena.is_over() && !arena.system.faults().is_armed(point) {
            arena.tally.count(&format!("died at {point:?}"));
        }
    }
}

/// Restarts the database or the pooler every dozen seconds.
pub(crate) async fn servers(arena: Arc<Arena>) {
    let mut dice = Dice::new(arena.seed ^ 0x5eed_0003);
    while !arena.is_over() {
        arena.pause(Duration::from_millis(8_000 + dice.below(8_000))).await;
        if arena.is_over() {
            return;
        }
        let part = *dice.pick(&["postgres", "pgbouncer", "pgbouncer"]);
        let system = arena.system;
        match tokio::task::spawn_blocking(move || system.x(&["restart", part])).await {
            Ok(Ok(_)) => arena.tally.count(&format!("restart of {part}")),
            other => arena.tally.violation(format!("{part} does not restart: {other:?}")),
        }
    }
}

/// Runs the sweeper more often than its schedule, sometimes twice at once.
pub(crate) async fn sweeper(arena: Arc<Arena>) {
    let mut dice = Dice::new(arena.seed ^ 0x5eed_0004);
    while !arena.is_over() {
        arena.pause(Duration::from_millis(1_000 + dice.below(2_000))).await;
        if arena.is_over() {
            return;
        }
        let system = arena.system;
        // The sweeper may die in it: then the next one comes.
        let invoke = move || system.x(&["invoke", "sweeper"]).is_ok();
        let one = tokio::task::spawn_blocking(invoke);
        let two = (dice.below(4) == 0).then(|| tokio::task::spawn_blocking(invoke));
        for swept in [Some(one), two].into_iter().flatten() {
            let what = if swept.await.unwrap_or(false) { "sweeps" } else { "sweeps that died" };
            arena.tally.count(what);
        }
    }
}
