//! Keys that were right and tenants whom a token names, and with them how many changes the tenant has made to what had
//! ended.
//!
//! In the memory of this process only: neither a key nor its hash is ever written anywhere else.
//!
//! Keys that the store did not know cost it nothing for a while either: the same one is not looked up again for seconds, and
//! of others only so many a second. A key that was right before is always looked up, so that no stranger can keep its owner
//! out by sending wrong ones.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use export::id::TenantId;
use ports::cache::{Flights, Joined};
use ports::store::{KeyOwner, Store, StoreError};

use crate::bucket::{Bucket, Pace};
use crate::key::Presented;

/// Keys remembered at most; a process that sees more forgets all and begins anew.
const MOST_KEYS: usize = 4096;

/// Keys are believed no longer than this, whatever the settings say. It is also how long this process may answer about
/// an ended export that another one has changed.
const LONGEST: Duration = Duration::from_secs(5);

/// Wrong keys that this process looks up: so many a second, so many at once.
const WRONG_KEYS: Pace = Pace { per_second: 5.0, burst: 20.0 };

/// A wrong key is not looked up again for this long. Keys are random, so none becomes right by being made.
const WRONG_FOR: Duration = Duration::from_secs(5);

/// Wrong keys remembered at most.
const MOST_WRONG_KEYS: usize = 1024;

/// Why there is no owner of a key.
#[derive(Debug)]
pub(crate) enum NoOwner {
    /// It is unknown, revoked or expired.
    Wrong,
    /// Too many keys were wrong: it is not looked up before so many seconds have passed.
    TooMany(u32),
    /// The store did not answer.
    Store(StoreError),
}

/// Keys that were right, by their hash, and tenants.
pub(crate) struct Keys {
    keep: Duration,
    state: Mutex<State>,
    wrong: Mutex<Wrong>,
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
    known: HashMap<Who, Known>,
    /// Counts what was forgotten: an answer that was asked for before is not remembered after.
    forgotten: u64,
}

/// The last answer about somebody.
struct Known {
    owner: KeyOwner,
    /// When it was asked for; `None` where it is no longer to be believed.
    asked: Option<Instant>,
}

/// Keys that were wrong.
struct Wrong {
    keys: HashMap<Presented, Instant>,
    left: Bucket,
}

impl Keys {
    pub(crate) fn new(keep: Duration) -> Self {
        let wrong = Wrong { keys: HashMap::new(), left: Bucket::full(WRONG_KEYS, Instant::now()) };
        Self {
            keep: keep.min(LONGEST),
            state: Mutex::default(),
            wrong: Mutex::new(wrong),
            flights: Flights::default(),
        }
    }

    /// Whose key it is.
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
        let known = wrong.keys.get(key).is_some_and(|at| now.saturating_duration_since(*at) < WRONG_FOR);
        if known { Err(NoOwner::Wrong) } else { wrong.left.look(WRONG_KEYS, now).map_err(NoOwner::TooMany) }
    }

    fn was_wrong(&self, key: &Presented, now: Instant) {
        self.state().known.remove(&Who::Key(key.clone()));
        let mut wrong = self.wrong();
        // Those that were looked up at the same time may be one too many; the next ones wait for it.
        let _ = wrong.left.take(WRONG_KEYS, now);
        if wrong.keys.len() >= MOST_WRONG_KEYS {
            wrong.keys.clear();
        }
        wrong.keys.insert(key.clone(), now);
    }

    /// Whether the store has ever named its owner to this process.
    fn was_right(&self, who: &Who) -> bool {
        self.state().known.contains_key(who)
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
        for known in state.known.values_mut().filter(|known| known.owner.tenant == *tenant) {
            known.asked = None;
        }
        state.forgotten += 1;
        // Under the lock: who sees nothing remembered joins no look-up from before.
        self.flights.forget();
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
        if state.known.len() >= MOST_KEYS {
            state.known.clear();
        }
        state.known.insert(who, Known { owner, asked: Some(since) });
    }

    fn state(&self) -> MutexGuard<'_, State> {
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
    fn wrong_keys_are_looked_up_a_few_times_a_second_and_right_ones_always() {
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
        let later = now + WRONG_FOR;
        assert!(keys.may_look_up(&wrong(0), later).is_ok());
        keys.know(key(), owner());
        keys.forget(&owner().tenant);
        assert!(keys.was_right(&who()), "a change of the tenant's own does not make its key a stranger's");
        keys.was_wrong(&key(), now);
        assert!(!keys.was_right(&who()), "a key that was revoked is one");
    }

    #[test]
    fn keys_are_believed_for_seconds() {
        assert_eq!(Keys::new(Duration::from_secs(30)).keep, LONGEST);
        let never = Keys::new(Duration::ZERO);
        never.know(key(), owner());
        assert_eq!(never.remembered(&who()), None);
    }
}
