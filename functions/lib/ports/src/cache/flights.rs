//! Deduplication of fetches by key: a caller that misses while another one fetches waits for the fetched value.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Fetches in progress, by key.
pub struct Flights<K, V> {
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    under_way: HashMap<K, (u64, watch::Receiver<Option<V>>)>,
    begun: u64,
}

/// Outcome of joining.
pub enum Joined<'a, K: Clone + Eq + Hash, V> {
    /// There is no fetch for this key: the caller does it and reports the value.
    First(Flight<'a, K, V>),
    /// Another caller was fetching it and reported this value; `None` if it has no value that may be shared, or gave
    /// up. Each waiting caller then fetches by itself.
    Other(Option<V>),
}

/// The obligation to fetch. If it is dropped without [`Flight::land`], the waiting callers get nothing to share.
pub struct Flight<'a, K: Clone + Eq + Hash, V> {
    flights: &'a Flights<K, V>,
    key: K,
    number: u64,
    tell: watch::Sender<Option<V>>,
}

impl<K: Clone + Eq + Hash, V: Clone> Flights<K, V> {
    /// Returns the obligation to fetch to the first caller of a key, and waits for it in other callers.
    pub async fn join(&self, key: &K) -> Joined<'_, K, V> {
        let mut listen = match self.board(key) {
            Ok(first) => return Joined::First(first),
            Err(listen) => listen,
        };
        let told = listen.wait_for(Option::is_some).await;
        Joined::Other(told.ok().and_then(|value| value.clone()))
    }

    /// Excludes later callers from sharing the fetches in progress, whose values may be from before a change.
    pub fn forget(&self) {
        self.state().under_way.clear();
    }

    fn board(&self, key: &K) -> Result<Flight<'_, K, V>, watch::Receiver<Option<V>>> {
        let mut state = self.state();
        if let Some((_, listen)) = state.under_way.get(key) {
            return Err(listen.clone());
        }
        let (tell, listen) = watch::channel(None);
        state.begun += 1;
        let number = state.begun;
        state.under_way.insert(key.clone(), (number, listen));
        Ok(Flight { flights: self, key: key.clone(), number, tell })
    }
}

impl<K, V> Flights<K, V> {
    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self { state: Mutex::new(State { under_way: HashMap::new(), begun: 0 }) }
    }
}

impl<K: Clone + Eq + Hash, V> Flight<'_, K, V> {
    /// Shares the fetched value with all waiting callers.
    pub fn land(self, value: V) {
        self.tell.send_replace(Some(value));
    }
}

impl<K: Clone + Eq + Hash, V> Drop for Flight<'_, K, V> {
    fn drop(&mut self) {
        let mut state = self.flights.state();
        // After `forget` the key may belong to another flight.
        if state.under_way.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            state.under_way.remove(&self.key);
        }
    }
}
