//! Rate limit per tenant, in the memory of this process, and the token bucket that counts it.
//!
//! Each environment of the function counts separately, so a tenant whose requests reach n environments may make n
//! times as many. The limit keeps one tenant from occupying an environment. The throttle of the stage limits all
//! tenants together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use export::id::TenantId;

/// Burst, in seconds of the permitted rate.
pub(crate) const BURST_SECS: f64 = 2.0;

/// Maximum number of tenants counted. Beyond it, tenants with a full bucket are removed, which changes nothing for
/// them.
const MAX_TENANTS: usize = 4096;

/// Token buckets by tenant.
pub(crate) struct RateLimits {
    /// Requests per second; zero means no limit.
    pub(crate) per_second: u32,
    buckets: Mutex<HashMap<TenantId, TokenBucket>>,
}

impl RateLimits {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, buckets: Mutex::default() }
    }

    /// Takes a token. Without one, returns the number of seconds until there is one.
    pub(crate) fn take(&self, tenant: &TenantId, now: Instant) -> Result<(), u32> {
        let Some(pace) = self.pace() else { return Ok(()) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_TENANTS && !buckets.contains_key(tenant) {
            buckets.retain(|_, bucket| !bucket.is_full(pace, now));
        }
        let mut bucket = buckets.get(tenant).copied().unwrap_or_else(|| TokenBucket::full(pace, now));
        bucket.take(pace, now)?;
        buckets.insert(tenant.clone(), bucket);
        Ok(())
    }

    /// Returns the number of requests that are possible now, and of seconds until the bucket is full again; `None` if
    /// there is no limit.
    pub(crate) fn left(&self, tenant: &TenantId, now: Instant) -> Option<(u64, u64)> {
        let pace = self.pace()?;
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = buckets.get(tenant).map_or(pace.burst, |bucket| bucket.filled(pace, now));
        Some((tokens as u64, ((pace.burst - tokens) / pace.per_second).ceil() as u64))
    }

    fn pace(&self) -> Option<Pace> {
        let per_second = f64::from(self.per_second);
        (self.per_second > 0).then_some(Pace { per_second, burst: per_second * BURST_SECS })
    }
}

/// Refill rate and capacity of a bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

/// Tokens left at a point in time. A new bucket is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    pub(crate) fn full(pace: Pace, now: Instant) -> Self {
        Self { tokens: pace.burst, at: now }
    }

    pub(crate) fn is_full(&self, pace: Pace, now: Instant) -> bool {
        self.filled(pace, now) >= pace.burst
    }

    /// Takes a token. Without one, returns the number of seconds until there is one.
    pub(crate) fn take(&mut self, pace: Pace, now: Instant) -> Result<(), u32> {
        self.check(pace, now)?;
        *self = Self { tokens: self.filled(pace, now) - 1.0, at: now };
        Ok(())
    }

    /// Checks for a token without taking it. Without one, returns the number of seconds until there is one.
    pub(crate) fn check(&self, pace: Pace, now: Instant) -> Result<(), u32> {
        let tokens = self.filled(pace, now);
        if tokens >= 1.0 { Ok(()) } else { Err(((1.0 - tokens) / pace.per_second).ceil().max(1.0) as u32) }
    }

    fn filled(&self, pace: Pace, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + since * pace.per_second).min(pace.burst)
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
        let (rates, now) = (RateLimits::new(5), Instant::now());
        let (acme, other) = (tenant("acme"), tenant("other"));
        assert_eq!((0..20).filter(|_| rates.take(&acme, now).is_ok()).count(), 10);
        assert_eq!(rates.take(&acme, now), Err(1));
        assert_eq!(rates.take(&other, now), Ok(()), "another tenant has its own");
        assert_eq!((rates.left(&acme, now), rates.left(&other, now)), (Some((0, 2)), Some((9, 1))));
        let later = now + Duration::from_secs(1);
        assert_eq!((0..20).filter(|_| rates.take(&acme, later).is_ok()).count(), 5);
        let much_later = now + Duration::from_secs(3600);
        assert_eq!((0..20).filter(|_| rates.take(&acme, much_later).is_ok()).count(), 10);
    }

    #[test]
    fn zero_disables_the_limit_and_buckets_are_bounded() {
        let now = Instant::now();
        assert!((0..1000).all(|_| RateLimits::new(0).take(&tenant("acme"), now).is_ok()));
        let rates = RateLimits::new(5);
        for i in 0..MAX_TENANTS * 2 {
            let at = now + Duration::from_secs(i as u64);
            assert_eq!(rates.take(&tenant(&format!("t{i}")), at), Ok(()));
        }
        assert!(rates.buckets.lock().unwrap().len() <= MAX_TENANTS);
    }
}
