//! Turns of tenants, and of the exports of each, by when they were served last.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

/// Exports of a tenant with chunks to send.
#[derive(Default)]
struct Waiting {
    /// Exports that were never served; they go first.
    fresh: VecDeque<usize>,
    /// The others, in the order in which they were served.
    served: VecDeque<usize>,
}

/// Tenants with chunks to send.
#[derive(Default)]
pub(super) struct Turns {
    exports: HashMap<String, Waiting>,
    /// The number of the turn in which a tenant was served last, 0 before the first, and the tenant.
    order: BinaryHeap<Reverse<(u64, String)>>,
    served: HashMap<String, u64>,
    count: u64,
}

impl Turns {
    /// Adds an export that has chunks to send.
    pub(super) fn add(&mut self, tenant: &str, export: usize) {
        if !self.exports.contains_key(tenant) {
            let last = self.served.get(tenant).copied().unwrap_or_default();
            self.order.push(Reverse((last, tenant.to_owned())));
        }
        self.exports.entry(tenant.to_owned()).or_default().fresh.push_back(export);
    }

    /// Returns the number of tenants that wait.
    pub(super) fn waiting(&self) -> usize {
        self.exports.len()
    }

    /// Takes the next chunk of the export whose turn it is, with `pop`, which also reports whether chunks are left.
    /// Returns the export and the chunk; `None` if no tenant waits.
    pub(super) fn take<C>(&mut self, pop: impl FnOnce(usize) -> (Option<C>, bool)) -> Option<(usize, C)> {
        let Reverse((_, tenant)) = self.order.pop()?;
        let waiting = self.exports.get_mut(&tenant)?;
        let export = waiting.fresh.pop_front().or_else(|| waiting.served.pop_front())?;
        let (chunk, more) = pop(export);
        self.count += 1;
        self.served.insert(tenant.clone(), self.count);
        if more {
            waiting.served.push_back(export);
        }
        if waiting.fresh.is_empty() && waiting.served.is_empty() {
            self.exports.remove(&tenant);
        } else {
            self.order.push(Reverse((self.count, tenant)));
        }
        Some((export, chunk?))
    }
}
