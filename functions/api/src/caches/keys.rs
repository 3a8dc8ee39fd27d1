//! Valid keys and tenants named by tokens, each with the number of changes the tenant has made to ended exports.
//!
//! In the memory of this process only: neither a key nor its hash is ever written anywhere else.
//!
//! Unknown keys must not load the store: the same key is not looked up again for some seconds, and other keys only at
//! a limited rate. A key that was valid before is always looked up, so that an attacker cannot lock out its owner by
//! sending wrong keys.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use export::id::TenantId;
use store::{KeyOwner, Store, StoreError};

use crate::key::Presented;
use crate::rate_limit::{Pace, TokenBucket};

/// Maximum number of cached keys. A process that sees more clears the cache.
const MAX_KEYS: usize = 4096;

/// Maximum lifetime of a cached key, whatever the settings are. It also limits how long this process may return an
/// ended export that another process has changed.
const MAX_KEPT: Duration = Duration::from_secs(5);

/// Maximum rate at which this process looks up unknown keys.
const WRONG_KEYS: Pace = Pace { per_second: 5.0, burst: 20.0 };

/// Time for which a wrong key is not looked up again. Keys are random, so a wrong one cannot become valid by being
/// created.
const WRONG_KEPT: Duration = Duration::from_secs(5);

/// Maximum number of cached wrong keys.
const MAX_WRONG_KEYS: usize = 1024;

/// Reason why no owner was found.
#[derive(Debug)]
pub(crate) enum NoOwner {
    /// The key is unknown, revoked or expired.
    Wrong,
    /// Too many keys were wrong. The key is not looked up for this number of seconds.
    TooMany(u32),
    /// The store failed.
    Store(StoreError),
}

/// Cache of valid keys, by their hash, and of tenants.
pub(crate) struct Keys {
    keep: Duration,
    state: Mutex<KnownKeys>,
    wrong: Mutex<Wrong>,
}

/// Identity of a caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    /// The holder of this key.
    Key(Presented),
    /// A tenant named by a verified token.
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
struct KnownKeys {
    known: HashMap<Who, Known>,
    /// Number of times entries were invalidated. A result requested before an invalidation is not cached after it.
    forgotten: u64,
}

/// Last result for a caller.
struct Known {
    owner: KeyOwner,
    /// Time at which the store was queried; `None` if the entry is no longer valid.
    asked: Option<Instant>,
}

/// Cache of wrong keys.
struct Wrong {
    keys: HashMap<Presented, Instant>,
    left: TokenBucket,
}

impl Keys {
    pub(crate) fn new(keep: Duration) -> Self {
        let wrong = Wrong { keys: HashMap::new(), left: TokenBucket::full(WRONG_KEYS, Instant::now()) };
        Self { keep: keep.min(MAX_KEPT), state: Mutex::default(), wrong: Mutex::new(wrong) }
    }

    /// Returns the owner of a key.
    pub(crate) async fn owner(&self, key: &Presented, store: &Store) -> Result<KeyOwner, NoOwner> {
        let who = Who::Key(key.clone());
        if !self.was_right(&who) {
            self.may_look_up(key, Instant::now())?;
        }
        match self.known(&who, store).await.map_err(NoOwner::Store)? {
            Some(owner) => Ok(owner),
            None => {
                self.was_wrong(key, Instant::now());
                Err(NoOwner::Wrong)
            }
        }
    }

    fn may_look_up(&self, key: &Presented, now: Instant) -> Result<(), NoOwner> {
        let wrong = self.wrong();
        let known = wrong.keys.get(key).is_some_and(|at| now.saturating_duration_since(*at) < WRONG_KEPT);
        if known { Err(NoOwner::Wrong) } else { wrong.left.check(WRONG_KEYS, now).map_err(NoOwner::TooMany) }
    }

    fn was_wrong(&self, key: &Presented, now: Instant) {
        self.state().known.remove(&Who::Key(key.clone()));
        let mut wrong = self.wrong();
        // Concurrent look-ups may exceed the limit by a few; later ones wait for that.
        let _ = wrong.left.take(WRONG_KEYS, now);
        if wrong.keys.len() >= MAX_WRONG_KEYS {
            wrong.keys.clear();
        }
        wrong.keys.insert(key.clone(), now);
    }

    /// Returns true if the store has ever returned an owner for it to this process.
    fn was_right(&self, who: &Who) -> bool {
        self.state().known.contains_key(who)
    }

    /// Returns a tenant named by a verified token. The rights of the token are not part of the result.
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
        let asked_at = (self.state().forgotten, Instant::now());
        let owner = who.ask(store).await?;
        if let Some(owner) = &owner {
            self.remember(who.clone(), owner.clone(), asked_at);
        }
        Ok(owner)
    }

    /// Invalidates the keys of a tenant that has changed something: the next request reads the number of changes.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        let mut state = self.state();
        for known in state.known.values_mut().filter(|known| known.owner.tenant == *tenant) {
            known.asked = None;
        }
        state.forgotten += 1;
    }

    fn remembered(&self, who: &Who) -> Option<KeyOwner> {
        let state = self.state();
        let known = state.known.get(who)?;
        known.asked.is_some_and(|asked| asked.elapsed() < self.keep).then(|| known.owner.clone())
    }

    fn remember(&self, who: Who, owner: KeyOwner, (forgotten, since): (u64, Instant)) {
        let mut state = self.state();
        if state.forgotten != forgotten {
            return;
        }
        if state.known.len() >= MAX_KEYS {
            state.known.clear();
        }
        state.known.insert(who, Known { owner, asked: Some(since) });
    }

    fn state(&self) -> MutexGuard<'_, KnownKeys> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrong(&self) -> MutexGuard<'_, Wrong> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn tenant_change_invalidates_its_cached_keys() {
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
    fn wrong_keys_are_rate_limited_and_right_ones_not() {
        let keys = Keys::new(Duration::from_secs(30));
        let now = Instant::now();
        let wrong = |i: u8| Presented { id: "abcd1234".into(), secret_sha256: [i; 32] };
        let tried = (0..100).filter(|&i| {
            let may = keys.may_look_up(&wrong(i), now).is_ok();
            if may {
                keys.was_wrong(&wrong(i), now);
            }
            may
        });
        assert_eq!(tried.count(), 20);
        assert!(matches!(keys.may_look_up(&wrong(0), now), Err(NoOwner::Wrong)), "it is not looked up again");
        assert!(matches!(keys.may_look_up(&wrong(200), now), Err(NoOwner::TooMany(1))));
        let later = now + WRONG_KEPT;
        assert!(keys.may_look_up(&wrong(0), later).is_ok());
        keys.know(key(), owner());
        keys.forget(&owner().tenant);
        assert!(keys.was_right(&who()), "a change of the tenant's own does not make its key a stranger's");
        keys.was_wrong(&key(), now);
        assert!(!keys.was_right(&who()), "a key that was revoked is one");
    }

    #[test]
    fn keys_are_cached_for_seconds() {
        assert_eq!(Keys::new(Duration::from_secs(30)).keep, MAX_KEPT);
        let never = Keys::new(Duration::ZERO);
        never.know(key(), owner());
        assert_eq!(never.remembered(&who()), None);
    }
}
