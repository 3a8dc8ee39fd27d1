//! Continuous check of the budget.

use std::sync::Arc;
use std::time::Duration;

use super::{Arena, verify};

/// Counts the sessions of both roles as PostgreSQL sees them.
pub(crate) async fn sessions(arena: Arc<Arena>) {
    let stack = &arena.system.stack;
    let roles = [("sluice_source", stack.budget), ("sluice_store", stack.store_sessions)];
    while !arena.is_over() {
        for (role, limit) in roles {
            let count = format!("select count(*) from pg_stat_activity where usename = '{role}'");
            // The server may be restarting.
            let Ok(seen) = arena.system.number(&count).await else { continue };
            arena.tally.most(&format!("sessions of {role} (allowed {limit})"), seen.unsigned_abs());
            if seen > i64::from(limit) {
                arena.tally.violation(format!("{role} has {seen} sessions, allowed are {limit}"));
            }
        }
        arena.pause(Duration::from_millis(250)).await;
    }
}

/// Checks the store's invariants continuously, before a sweep could fix anything.
pub(crate) async fn invariants(arena: Arc<Arena>) {
    while !arena.is_over() {
        verify::invariants(&arena).await;
        arena.pause(Duration::from_secs(2)).await;
    }
}
