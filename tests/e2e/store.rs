//! The store's rules. Each test has its own database.

mod accept;
mod back_off;
mod canceled;
mod costs;
mod cuts;
mod daily_use;
mod dispatch;
mod ends;
mod fairness;
mod invalidate;
mod invariants;
mod kept;
mod lease;
mod narrow;
mod race;
mod roles;
mod schedules;
mod splits;
mod stale;
mod statements;
mod sustained;
mod turns;
mod waits;
