//! Injected failures, for tests on one machine: calls that fail, are refused, are slow or lose their response;
//! messages that are lost, doubled or late; sessions that break; invocations with little time; and processes that die
//! at a named point.
//!
//! They are enabled by a folder, which the environment variable `SLUICE_FAULTS` names. The local stack sets it,
//! `template.yaml` never does, and a process whose AWS is not on loopback ignores it. Without a file [`PLAN`] in the
//! folder no fault occurs; the file may be created, changed and removed while processes run.

mod dice;
mod objects;
mod plan;
mod point;
mod queue;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

pub use dice::Dice;
pub use plan::{Fault, FaultPlan, PLAN};
pub use point::Point;

use crate::config;
use crate::objects::Objects;
use crate::queue::Queue;

/// Time for which the plan is used before the file is checked again.
const BELIEVED: Duration = Duration::from_millis(100);

/// Divisor of the time of an invocation that gets little time.
const SHORT: u32 = 20;

/// Faults planned for this process. Clones share them; the default is none.
#[derive(Clone, Debug, Default)]
pub struct Faults(Option<Arc<Folder>>);

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Name of the function: each has its own dice.
    name: String,
    state: Mutex<FaultState>,
}

#[derive(Debug, Default)]
struct FaultState {
    looked: Option<Instant>,
    modified: Option<SystemTime>,
    plan: Option<FaultPlan>,
    dice: Dice,
}

impl Faults {
    /// Reads the configuration from the environment; none outside of a local stack.
    pub fn from_env() -> Self {
        let name = config::optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
        let endpoint = config::optional("AWS_ENDPOINT_URL");
        Self::allowed(config::optional("SLUICE_FAULTS").as_deref(), endpoint.as_deref(), &name)
    }

    /// Allows faults only in a process whose AWS is on this machine, which is a test.
    fn allowed(folder: Option<&str>, endpoint: Option<&str>, name: &str) -> Self {
        let local = endpoint.is_some_and(|url| url.starts_with("http://127.0.0.1:"));
        match folder {
            Some(folder) if local => Self::in_folder(folder, name),
            _ => Self::default(),
        }
    }

    /// Uses the plan in this folder, for a process of this name.
    pub fn in_folder(folder: impl AsRef<Path>, name: &str) -> Self {
        let path = folder.as_ref().to_owned();
        Self(Some(Arc::new(Folder { path, name: name.to_owned(), state: Mutex::default() })))
    }

    /// Wraps the bucket so that it fails as planned.
    pub fn objects(&self, inner: Arc<dyn Objects>) -> Arc<dyn Objects> {
        if self.0.is_none() { inner } else { Arc::new(objects::FaultyObjects::new(inner, self.clone())) }
    }

    /// Wraps the queue so that it fails as planned.
    pub fn queue(&self, inner: Arc<dyn Queue>) -> Arc<dyn Queue> {
        if self.0.is_none() { inner } else { Arc::new(queue::FaultyQueue::new(inner, self.clone())) }
    }

    /// Reports whether this fault occurs now. Each call is one throw of the process's dice.
    pub fn strikes(&self, fault: Fault) -> bool {
        let Some(folder) = &self.0 else { return false };
        let mut state = folder.state.lock().unwrap_or_else(PoisonError::into_inner);
        folder.look(&mut state);
        let FaultState { plan: Some(plan), dice, .. } = &mut *state else { return false };
        let strikes =
            plan.per_thousand.get(&fault).is_some_and(|share| dice.below(1_000) < u64::from(*share));
        if strikes {
            tracing::info!(?fault, "fault injected");
        }
        strikes
    }

    /// Waits if this fault occurs, for at most the plan's longest wait.
    pub async fn slow(&self, fault: Fault) {
        if !self.strikes(fault) {
            return;
        }
        let wait = self.0.as_ref().map_or(0, |folder| {
            let mut state = folder.state.lock().unwrap_or_else(PoisonError::into_inner);
            let longest = state.plan.as_ref().map_or(0, |plan| plan.slow_ms);
            state.dice.below(longest + 1)
        });
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }

    /// Returns the time of an invocation: `left`, or much less of it.
    pub fn time(&self, left: Duration) -> Duration {
        if self.strikes(Fault::ShortTime) { left / SHORT } else { left }
    }

    /// Ends the process immediately, as `SIGKILL` would, if a file of the point's name is in the folder. This happens
    /// once, because the file is removed first, and only the process that removes it dies.
    pub fn crash(&self, point: Point) {
        let Some(folder) = &self.0 else { return };
        if std::fs::remove_file(folder.path.join(point.file())).is_ok() {
            eprintln!("fault injected: the process ends at {point:?}");
            std::process::abort();
        }
    }
}

impl Folder {
    /// Reads the plan if the file has changed. A file that is being written is read at the next check.
    fn look(&self, state: &mut FaultState) {
        if state.looked.is_some_and(|at| at.elapsed() < BELIEVED) {
            return;
        }
        state.looked = Some(Instant::now());
        let file = self.path.join(PLAN);
        let modified = std::fs::metadata(&file).and_then(|meta| meta.modified()).ok();
        if modified == state.modified {
            return;
        }
        let plan = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<FaultPlan>(&text).ok());
        if let Some(plan) = &plan {
            state.dice = Dice::of(plan.seed, &self.name, self.number(plan.seed));
        }
        state.modified = modified.filter(|_| plan.is_some());
        state.plan = plan;
    }

    /// Returns the number of earlier processes of this name in a plan of this seed. Each process has its own sequence
    /// of throws, and the same one when everything is started again in the same order.
    fn number(&self, seed: u64) -> u64 {
        let taken = |number: &u64| {
            let file = self.path.join(format!("taken.{seed}.{}.{number}", self.name));
            std::fs::File::create_new(file).is_ok()
        };
        (0..100_000).find(taken).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
