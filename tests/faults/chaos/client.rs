//! Clients of a tenant: they export, poll, cancel, retry, extend and delete, and check every response.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::{Client, Error, Retries};
use export::id::{ExportId, TenantId, hex};
use export::state::ExportStatus;
use ports::fault::Dice;
use ports::random;
use tests::System;

use super::Arena;
use super::menu::{Order, order};

/// Maximum number of live exports of a client. Beyond that it only polls.
const LIVE: usize = 4;

/// A tenant and everything it was promised.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) client: Client,
    known: Mutex<Vec<Known>>,
}

/// An accepted export.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: ExportId,
    pub(crate) order: Order,
    /// True if a client requested its end: it may be canceled, or gone.
    pub(crate) dropped: bool,
    /// Status in the last response.
    last: Option<ExportStatus>,
}

impl Tenant {
    pub(crate) fn new(system: &System, id: TenantId, key: &str) -> Self {
        let patience = Retries { tries: 4, longest_wait: Duration::from_secs(3), ..Retries::default() };
        let client =
            Client::new(&system.stack.url, Some(key)).expect("the stack's URL").with_retries(patience);
        Self { id, client, known: Mutex::default() }
    }

    pub(crate) fn known(&self) -> Vec<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with<T>(&self, id: ExportId, look: impl FnOnce(&mut Known) -> T) -> Option<T> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter_mut().find(|known| known.id == id).map(look)
    }
}

/// Runs one client until the chaos is over.
pub(crate) async fn run(arena: Arc<Arena>, tenant: Arc<Tenant>, mut dice: Dice) {
    let mut mine: Vec<ExportId> = Vec::new();
    while !arena.is_over() {
        let live =
            mine.iter().filter(|id| tenant.with(**id, |known| known.is_open()).unwrap_or(false)).count();
        if mine.is_empty() || (live < LIVE && dice.below(10) < 6) {
            mine.extend(submit(&arena, &tenant, &mut dice).await);
        } else {
            let id = *dice.pick(&mine);
            if touch(&arena, &tenant, &mut dice, id).await == Some(404) {
                mine.retain(|one| *one != id);
            }
        }
        arena.pause(Duration::from_millis(100 + dice.below(400))).await;
    }
}

impl Known {
    fn is_open(&self) -> bool {
        !self.dropped && self.last.is_none_or(ExportStatus::is_live)
    }
}

/// Submits, and repeats the request under the same key until there is a response.
async fn submit(arena: &Arena, tenant: &Tenant, dice: &mut Dice) -> Option<ExportId> {
    let order = order(dice, &tenant.id);
    let key = hex(&random::bytes::<8>());
    loop {
        match tenant.client.submit(&order.request, &key).await {
            Ok(submitted) => {
                arena.tally.count(if submitted.replayed {
                    "submitted, answer lost at first"
                } else {
                    "submitted"
                });
                let known = Known { id: submitted.export.id, order, dropped: false, last: None };
                tenant.known.lock().unwrap_or_else(PoisonError::into_inner).push(known);
                return Some(submitted.export.id);
            }
            Err(error) => {
                excuse(arena, &[], &error, "submit", &order);
            }
        }
        if arena.is_over() {
            // It may have been accepted all the same: then it is found in the list.
            return None;
        }
        arena.pause(Duration::from_millis(200)).await;
    }
}

/// Performs one operation on an export. Returns the status if it fails.
async fn touch(arena: &Arena, tenant: &Tenant, dice: &mut Dice, id: ExportId) -> Option<u16> {
    let client = &tenant.client;
    let known = tenant.with(id, |known| known.clone())?;
    let gone: &[u16] = if known.dropped { &[404] } else { &[] };
    let (what, result) = match dice.below(20) {
        0..=9 => ("look", look(arena, tenant, id).await),
        10 => ("list files", client.files(id, None, true).await.map(|_| ())),
        11 => ("list chunks", client.chunks(id, None).await.map(|_| ())),
        12 => ("list exports", client.exports(&Default::default(), None).await.map(|_| ())),
        13 => ("extend", client.extend(id).await.map(|_| ())),
        14..=16 => (
            "retry",
            client.retry(id).await.map(|_| {
                tenant.with(id, |known| known.last = None);
            }),
        ),
        _ => {
            tenant.with(id, |known| known.dropped = true);
            // An export that has ended is deleted, as by a DELETE without a precondition.
            (
                "cancel or delete",
                match client.cancel(id).await {
                    Err(error) if error.status() == Some(409) => client.delete(id).await,
                    canceled => canceled.map(drop),
                },
            )
        }
    };
    match result {
        Ok(()) => {
            arena.tally.count(what);
            None
        }
        Err(error) => {
            let conflict: &[u16] =
                if matches!(what, "extend" | "retry" | "cancel or delete") { &[409] } else { &[] };
            // While a delete is in progress, all other operations find nothing, too.
            let dropped: &[u16] =
                if tenant.with(id, |known| known.dropped) == Some(true) { &[404] } else { gone };
            Some(excuse(arena, &[conflict, dropped].concat(), &error, what, &known.order))
        }
    }
}

/// Reads an export. An ended export stays ended, unless it is retried, and only its owner cancels it.
async fn look(arena: &Arena, tenant: &Tenant, id: ExportId) -> Result<(), Error> {
    let before = tenant.with(id, |known| known.last).flatten();
    let status = tenant.client.export(id).await?.status;
    let violation = tenant.with(id, |known| {
        let wrong = match (before, status) {
            (_, ExportStatus::Canceled | ExportStatus::Expired) => !known.dropped,
            (Some(ExportStatus::Succeeded), now) => now != ExportStatus::Succeeded,
            _ => false,
        };
        known.last = Some(status);
        wrong
    });
    if violation == Some(true) {
        arena.tally.violation(format!("{id} was {before:?} and is {status}"));
    }
    Ok(())
}

/// Records a failed call. In the chaos a call may fail, but only an allowed response may blame the client.
fn excuse(arena: &Arena, allowed: &[u16], error: &Error, what: &str, order: &Order) -> u16 {
    let status = match error {
        Error::Problem(problem) => problem.status,
        Error::Unexpected { status, .. } | Error::Object { status } => *status,
        _ => 0,
    };
    if error.is_refusal() && !allowed.contains(&status) {
        arena.tally.violation(format!("{what}: {error} ({})", order.request));
    }
    arena.tally.count(&format!("calls answered {status}"));
    status
}
