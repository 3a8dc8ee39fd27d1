//! The store: the state of all exports, in schema `sluice` of PostgreSQL. It is the queue of record.
//!
//! Every operation is one short transaction. There may be a pooler in transaction mode before the database, so
//! parameterised statements are unnamed and inside an explicit transaction, and there is no `SET`, no cursor and no
//! session lock. The README of this crate has the states, their statements and locks.

mod accept;
mod back_off;
mod cancel;
mod catalog;
mod checks;
mod connection;
mod cut;
mod daily_use;
pub mod deliveries;
pub mod dispatch;
mod error;
mod estimates;
pub mod finish;
mod forecast_inputs;
mod forget;
mod idempotency;
mod invalidate;
mod invariants;
mod keys;
mod lease;
mod limits;
mod migrate;
mod narrow;
pub mod notices;
mod orphans;
mod outcome;
mod overdue;
mod pause;
mod probes;
mod ranges;
mod receivers;
mod retry;
mod roles;
mod saved;
pub mod schedules;
mod split;
mod state;
mod submit;
mod sweep;
mod turns;
mod unchanged;
mod view;
mod wait;

pub use accept::{AcceptError, Accepted, NewExport, PlanLimits};
pub use back_off::{BackOff, GivenBack};
pub use cancel::{Ended, Expected};
pub use catalog::{Applied, KeptCatalog, Put};
pub use connection::Store;
pub use cut::{KeeperLease, KeeperState, LiveCut, Opening};
pub use daily_use::DailyUse;
pub use deliveries::{Copied, DeliveryLease, ExportDelivery};
pub use error::StoreError;
pub use estimates::Stale;
pub use finish::{Finish, Finished};
pub use forecast_inputs::ForecastInputs;
pub use forget::Forgotten;
pub use idempotency::Idempotency;
pub use invalidate::{Invalidated, Invalidation};
pub use invariants::Violation;
pub use keys::{KeyInfo, KeyOwner, NewKey, Rotated};
pub use lease::{Noted, ReadNote};
pub use limits::StoreLimits;
pub use migrate::{Migration, OldSessions, end_idle_sessions, migrate, migration_script};
pub use narrow::Narrowed;
pub use notices::Recorded;
pub use orphans::OrphanPrefix;
pub use probes::ProbeResult;
pub use receivers::{BUS_NAME, NewWebhook, Receiver, SentEvent, TestResult};
pub use retry::{RetryError, RetryTerms};
pub use roles::{
    RolePassword, RoleSettings, StoredSettings, role_statements, source_role_statements, source_settings,
};
pub use saved::{NewSaved, RunPosition, SavedName, SavedRights, SavedRun, SavedState, Saving};
pub use state::StoreState;
pub use submit::{Submission, sent_sha256};
pub use sweep::{Backlog, DeletingChunk};
pub use turns::{Full, Kept, Unpaid, UsedUp};
pub use unchanged::Linked;
pub use view::{
    AttemptDetail, ChunkDetail, ChunkError, ChunkPage, ExportCut, ExportPage, ExportState, FileObject,
    ListFilter, ProgressCounts,
};
pub use wait::{MAX_WAITS, Place};
