//! Rate limit per tenant, in the memory of this process.
//!
//! Each environment of the function counts separately, so a tenant whose requests reach n environments may make n
//! times as many. The limit keeps one tenant from occupying an environment. The throttle of the stage limits all
//! tenants together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use export::id::TenantId;

use crate::bucket::{Bucket, Pace};

/// Burst, in seconds of the permitted rate.
const BURST_SECS: f64 = 2.0;

/// Maximum number of tenants counted. Beyond it, tenants with a full bucket are removed, which changes nothing for
/// them.
const MAX_TENANTS: usize = 4096;

/// Token buckets by tenant.
pub(crate) struct Rates {
    /// Requests per second; zero means no limit.
    pub(crate) per_second: u32,
    buckets: Mutex<HashMap<TenantId, Bucket>>,
}

impl Rates {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, buckets: Mutex::default() }
    }

    /// Takes a token. Without one, returns the number of seconds until there is one.
    pub(crate) fn take(&self, tenant: &TenantId, now: Instant) -> Result<(), u32> {
        if self.per_second == 0 {
            return Ok(());
        }
        let per_second = f64::from(self.per_second);
        let pace = Pace { per_second, burst: per_second * BURST_SECS };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_TENANTS && !buckets.contains_key(tenant) {
            buckets.retain(|_, bucket| !bucket.is_full(pace, now));
        }
        let mut bucket = buckets.get(tenant).copied().unwrap_or_else(|| Bucket::full(pace, now));
        bucket.take(pace, now)?;
        buckets.insert(tenant.clone(), bucket);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    #[test]
    fn burst_is_allowed_before_the_rate_limit_applies() {
        let (rates, now) = (Rates::new(5), Instant::now());
        let (acme, other) = (tenant("acme"), tenant("other"));
        assert_eq!((0..20).filter(|_| rates.take(&acme, now).is_ok()).count(), 10);
        assert_eq!(rates.take(&acme, now), Err(1));
        assert_eq!(rates.take(&other, now), Ok(()), "another tenant has its own");
        let later = now + Duration::from_secs(1);
        assert_eq!((0..20).filter(|_| rates.take(&acme, later).is_ok()).count(), 5);
        let much_later = now + Duration::from_secs(3600);
        assert_eq!((0..20).filter(|_| rates.take(&acme, much_later).is_ok()).count(), 10);
    }

    #[test]
    fn zero_disables_the_limit_and_buckets_are_bounded() {
        let now = Instant::now();
        assert!((0..1000).all(|_| Rates::new(0).take(&tenant("acme"), now).is_ok()));
        let rates = Rates::new(5);
        for i in 0..MAX_TENANTS * 2 {
            let at = now + Duration::from_secs(i as u64);
            assert_eq!(rates.take(&tenant(&format!("t{i}")), at), Ok(()));
        }
        assert!(rates.buckets.lock().unwrap().len() <= MAX_TENANTS);
    }
}
