//! Keeper of a cut: holds the snapshot that several chunks read, and hands it over before its time is up.
//!
//! The session locks all relations of the cut's exports, exports a snapshot and stays. The store shows what is left to do;
//! it is read several times a second, so that vacuum is released as soon as the last export has read everything.

use std::time::{Duration, Instant};

use export::failure::{Failure, FailureCode};
use ports::fault::Point;
use ports::telemetry::chain;
use source::{Keeper, SourceError};
use store::{KeeperLease, KeeperState, Opening, StoreError};
use tokio::time::sleep;

use crate::context::Context;
use crate::deadline::Deadline;
use crate::end::insist;
use crate::notify::{dispatch, wake_up};

/// Interval at which the store is read.
const WATCH: Duration = Duration::from_millis(300);

/// Interval of statements in the session, which would otherwise be idle.
const STAY: Duration = Duration::from_secs(10);

/// Maximum wait for a source session.
const SESSION_PATIENCE: Duration = Duration::from_secs(30);

/// Interval at which a worker is freed for the next keeper, once time is short.
const EVICT: Duration = Duration::from_secs(20);

/// Reason why a keeper ends.
#[derive(Debug)]
enum End {
    /// Nothing is left to read.
    Unwanted,
    /// The next keeper exports the snapshot.
    Relieved,
    /// The lease is lost: the cut has ended.
    Fenced,
    /// The cut was held for the longest time allowed.
    TooLong,
    /// The snapshot is gone.
    Lost(String),
}

/// Reason why a cut was not opened, or not taken over.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    /// The source failed.
    #[error("the source failed")]
    Source(#[from] SourceError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The lease is lost.
    #[error("the lease is lost")]
    Fenced,
}

/// Holds the snapshot of a cut until it is handed over, or no longer needed.
pub(crate) async fn run(ctx: &Context, lease: &KeeperLease, deadline: Deadline) {
    ctx.store.faults().crash(Point::Leased);
    let mut watch = KeeperWatch::new(ctx, lease, deadline);
    let opened = tokio::select! {
        opened = open(ctx, lease) => opened,
        () = watch.until_fenced() => Err(OpenError::Fenced),
    };
    let mut session = match opened {
        Ok(session) => session,
        Err(error) => return not_opened(ctx, lease, &error, deadline).await,
    };
    tracing::info!(cut = %lease.cut, keeper = %lease.keeper, takes_over = lease.takes_over.is_some(), "the snapshot is held");
    dispatch(ctx).await;
    let end = watch.hold(&mut session).await;
    // The session ends first: vacuum is released, and no chunk can import the snapshot any more.
    session.end().await;
    tracing::info!(cut = %lease.cut, keeper = %lease.keeper, ?end, "the session of the keeper has ended");
    let recorded = insist(deadline, || record(ctx, lease, &end)).await;
    if let Err(error) = recorded {
        tracing::error!(cut = %lease.cut, error = chain(&error), "the end of the keeper could not be recorded");
    }
    dispatch(ctx).await;
}

/// Locks the relations and exports the snapshot.
async fn open(ctx: &Context, lease: &KeeperLease) -> Result<Keeper, OpenError> {
    let mut session = match &lease.takes_over {
        None => ctx.source.keeper(SESSION_PATIENCE).await?,
        Some(snapshot) => ctx.source.successor(snapshot, SESSION_PATIENCE).await?,
    };
    for selection in &lease.selections {
        if let Some(error) = session.lock(selection).await? {
            tracing::warn!(cut = %lease.cut, dataset = selection.dataset, error = chain(&error),
                "a dataset cannot be locked; its chunks fail for the same reason");
        }
    }
    let recorded = match &lease.takes_over {
        None => {
            let departure = session.departure().await?;
            let (snapshot, held) = session.export().await?;
            let opening = Opening {
                snapshot,
                as_of_micros: departure.described.as_of_micros,
                horizon_micros: departure.described.horizon_micros(),
                lsn: departure.lsn,
                relations: held.relations,
            };
            ctx.store.open_cut(lease, &opening).await?
        }
        Some(_) => {
            let (snapshot, held) = session.export().await?;
            ctx.store.take_over_cut(lease, &snapshot, &held.relations).await?
        }
    };
    if recorded { Ok(session) } else { Err(OpenError::Fenced) }
}

/// Records that the snapshot could not be taken, or not taken over.
async fn not_opened(ctx: &Context, lease: &KeeperLease, error: &OpenError, deadline: Deadline) {
    tracing::warn!(cut = %lease.cut, keeper = %lease.keeper, error = chain(error), "the snapshot is not held");
    let (failure, hold) = match error {
        OpenError::Source(e) => (Failure::new(e.code, e.message.clone()), hold(e)),
        OpenError::Store(e) => (Failure::new(FailureCode::Store, e.to_string()), None),
        OpenError::Fenced => return dispatch(ctx).await,
    };
    let wait = insist(deadline, async || {
        if lease.takes_over.is_some() {
            // The keeper before still holds the snapshot, and requests another one.
            return ctx.store.end_keeper(lease.keeper).await.map(|()| 0);
        }
        ctx.store.cut_not_opened(lease.keeper, &failure, hold.as_ref()).await
    });
    match wait.await {
        Ok(0) => {}
        Ok(secs) => wake_up(ctx, lease.keeper.uuid().into(), secs).await,
        Err(error) => {
            tracing::error!(cut = %lease.cut, error = chain(&error), "the failure of the keeper could not be recorded");
        }
    }
    dispatch(ctx).await;
}

/// Returns the condition of the deployment that kept the cut from being opened.
fn hold(error: &SourceError) -> Option<export::load::Hold> {
    let signal = error.code.signal()?;
    Some(export::load::Hold { signal, reason: error.message.clone() })
}

async fn record(ctx: &Context, lease: &KeeperLease, end: &End) -> Result<(), StoreError> {
    match end {
        End::Unwanted | End::Relieved => ctx.store.end_keeper(lease.keeper).await,
        End::Fenced => Ok(()),
        End::TooLong => ctx.store.give_up_cut(lease, &too_long()).await,
        End::Lost(why) => ctx.store.lose_cut(lease.cut, lease.keeper, why).await,
    }
}

fn too_long() -> Failure {
    let what =
        "the snapshot that all files show was held for the longest time allowed, since it holds back vacuum";
    Failure::with_remedy(FailureCode::CutTooLong, &what)
}

/// Watch over one keeper: its lease, its session, its time.
struct KeeperWatch<'a> {
    ctx: &'a Context,
    lease: &'a KeeperLease,
    deadline: Deadline,
    /// Time of the last renewal that succeeded, measured before the call.
    renewed: Instant,
    evicted: Option<Instant>,
}

impl<'a> KeeperWatch<'a> {
    fn new(ctx: &'a Context, lease: &'a KeeperLease, deadline: Deadline) -> Self {
        Self { ctx, lease, deadline, renewed: Instant::now(), evicted: None }
    }

    /// Renews the lease while the snapshot is being taken. Returns when it is lost.
    async fn until_fenced(&mut self) {
        loop {
            sleep(WATCH).await;
            match self.look().await {
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(_) if self.renewed.elapsed() < self.ctx.lease.give_up() => {}
                Err(_) => return,
            }
        }
    }

    /// Holds the snapshot until there is a reason to end.
    async fn hold(&mut self, session: &mut Keeper) -> End {
        let mut stayed = Instant::now();
        loop {
            sleep(WATCH).await;
            self.ctx.store.faults().crash(Point::Keeping);
            if stayed.elapsed() >= STAY {
                if let Err(error) = session.stay().await {
                    return End::Lost(format!("the session of its keeper ended: {error}"));
                }
                stayed = Instant::now();
            }
            let state = match self.look().await {
                Ok(Some(state)) => state,
                Ok(None) => return End::Fenced,
                Err(error) if self.renewed.elapsed() < self.ctx.lease.give_up() => {
                    tracing::warn!(cut = %self.lease.cut, error = chain(&error), "the store cannot be reached");
                    continue;
                }
                Err(_) => return End::Lost("its keeper could not reach the store".to_owned()),
            };
            if let Some(end) = self.decide(state).await {
                return end;
            }
        }
    }

    /// Reads the state, and renews the lease if it is time.
    async fn look(&mut self) -> Result<Option<KeeperState>, StoreError> {
        let lease = self.ctx.lease;
        let is_due = self.renewed.elapsed() >= Duration::from_secs(lease.renew_secs.into());
        let asked = Instant::now();
        let state = self.ctx.store.watch_cut(self.lease.keeper, is_due.then_some(lease.lease_secs)).await?;
        if is_due && state.is_some() {
            self.renewed = asked;
        }
        Ok(state)
    }

    async fn decide(&mut self, state: KeeperState) -> Option<End> {
        if !state.holds {
            return Some(End::Relieved);
        }
        if !state.wanted {
            return Some(End::Unwanted);
        }
        if state.too_long {
            return Some(End::TooLong);
        }
        let (elapsed, left) = (self.deadline.begun.elapsed(), self.deadline.left);
        if Instant::now() >= self.deadline.last_call() {
            return Some(End::Lost(
                "no worker became free to hold it before the time of the last one was up".to_owned(),
            ));
        }
        if elapsed >= state.relay_secs.map_or(left / 2, Duration::from_secs) && !state.relieved {
            if let Err(error) = self.ctx.store.request_relay(self.lease.keeper).await {
                tracing::warn!(cut = %self.lease.cut, error = chain(&error), "the next keeper could not be requested");
            }
            dispatch(self.ctx).await;
        }
        // Readers may take all workers for longer than this one has left.
        if elapsed >= left / 6 * 5 && self.evicted.is_none_or(|at| at.elapsed() >= EVICT) {
            self.evicted = Some(Instant::now());
            if let Err(error) = self.ctx.store.evict_reader().await {
                tracing::warn!(cut = %self.lease.cut, error = chain(&error), "no worker could be freed");
            }
        }
        None
    }
}
