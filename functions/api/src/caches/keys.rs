//! Keys that were right and tenants whom a token names, and with them how many changes the tenant has made to what had
//! ended.
//!
//! In the memory of this process only: neither a key nor its hash is ever written anywhere else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use export::id::TenantId;
use ports::cache::{Flights, Joined};
use ports::store::{KeyOwner, Store, StoreError};

use crate::key::Presented;

/// Keys remembered at most; a process that sees more forgets all and begins anew.
const MOST_KEYS: usize = 4096;

/// Keys are believed no longer than this, whatever the settings say. It is also how long this process may answer about
/// an ended export that another one has changed.
const LONGEST: Duration = Duration::from_secs(5);

/// Keys that were right, by their hash, and tenants.
pub(crate) struct Keys {
    keep: Duration,
    state: Mutex<State>,
    flights: Flights<Who, KeyOwner>,
}

/// Whom a request comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    /// Whoever has this key.
    Key(Presented),
    /// A tenant named by a token that was verified.
    Tenant(TenantId),
}

impl Who {
    async fn ask(&self, store: &Store) -> Result<Option<KeyOwner>, StoreError> {
        match self {
            Self::Key(key) => store.authenticate(&key.id, &key.secret_sha256).await,
            Self::Tenant(tenant) => store.vouched(tenant).await.map(Some),
        }
    }
}

#[derive(Default)]
struct State {
    known: HashMap<Who, (KeyOwner, Instant)>,
    /// Counts what was forgotten: an answer that was asked for before is not remembered after.
    forgotten: u64,
}

impl Keys {
    pub(crate) fn new(keep: Duration) -> Self {
        Self { keep: keep.min(LONGEST), state: Mutex::default(), flights: Flights::default() }
    }

    /// Whose key it is; `None` if it is unknown, revoked or expired.
    pub(crate) async fn owner(&self, key: &Presented, store: &Store) -> Result<Option<KeyOwner>, StoreError> {
        self.known(&Who::Key(key.clone()), store).await
    }

    /// A tenant whom a verified token names. What the token allows is not part of the answer.
    pub(crate) async fn vouched(&self, tenant: &TenantId, store: &Store) -> Result<KeyOwner, StoreError> {
        match self.known(&Who::Tenant(tenant.clone()), store).await? {
            Some(owner) => Ok(owner),
            None => store.vouched(tenant).await,
        }
    }

    async fn known(&self, who: &Who, store: &Store) -> Result<Option<KeyOwner>, StoreError> {
        if let Some(owner) = self.remembered(who) {
            return Ok(Some(owner));
        }
        let flight = match self.flights.join(who).await {
            Joined::First(flight) => flight,
            Joined::Other(Some(owner)) => return Ok(Some(owner)),
            Joined::Other(None) => return who.ask(store).await,
        };
        let asked_at = (self.state().forgotten, Instant::now());
        let owner = who.ask(store).await?;
        if let Some(owner) = &owner {
            self.remember(who.clone(), owner.clone(), asked_at);
            flight.land(owner.clone());
        }
        Ok(owner)
    }

    /// Forgets the keys of a tenant, who has changed something: the next request asks how many changes there are.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        let mut state = self.state();
        state.known.retain(|_, (owner, _)| owner.tenant != *tenant);
        state.forgotten += 1;
        // Under the lock: who sees nothing remembered joins no look-up from before.
        self.flights.forget();
    }

    fn remembered(&self, who: &Who) -> Option<KeyOwner> {
        let state = self.state();
        let (owner, since) = state.known.get(who)?;
        (since.elapsed() < self.keep).then(|| owner.clone())
    }

    fn remember(&self, who: Who, owner: KeyOwner, (forgotten, since): (u64, Instant)) {
        let mut state = self.state();
        if state.forgotten != forgotten {
            return;
        }
        if state.known.len() >= MOST_KEYS {
            state.known.clear();
        }
        state.known.insert(who, (owner, since));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn know(&self, key: Presented, owner: KeyOwner) {
        let forgotten = self.state().forgotten;
        self.remember(Who::Key(key), owner, (forgotten, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use export::access::Access;

    use super::*;

    fn key() -> Presented {
        Presented { id: "abcd1234".into(), secret_sha256: [1; 32] }
    }

    fn owner() -> KeyOwner {
        KeyOwner { tenant: "acme".parse().unwrap(), changes: 7, access: Access::full() }
    }

    fn who() -> Who {
        Who::Key(key())
    }

    #[test]
    fn a_tenants_change_is_asked_about_at_once() {
        let keys = Keys::new(Duration::from_secs(30));
        keys.know(key(), owner());
        keys.forget(&"other".parse().unwrap());
        assert_eq!(keys.remembered(&who()), Some(owner()));
        let before = (keys.state().forgotten, Instant::now());
        keys.forget(&owner().tenant);
        assert_eq!(keys.remembered(&who()), None);
        keys.remember(who(), owner(), before);
        assert_eq!(keys.remembered(&who()), None, "what was asked before the change is not kept after it");
    }

    #[test]
    fn keys_are_believed_for_seconds() {
        assert_eq!(Keys::new(Duration::from_secs(30)).keep, LONGEST);
        let never = Keys::new(Duration::ZERO);
        never.know(key(), owner());
        assert_eq!(never.remembered(&who()), None);
    }
}
