//! How many requests a second one tenant may make, counted in the memory of this process.
//!
//! Each environment of the function counts for itself, so a tenant whose requests meet n environments may make n times
//! as many. It keeps one caller from taking an environment's time from the others; the stage's own throttle bounds
//! everybody together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use export::id::TenantId;

use super::Caller;
use crate::bucket::{Bucket, Pace};
use crate::context::Context;
use crate::refusal::Refusal;

/// Seconds' worth of requests that may come at once.
const BURST_SECS: f64 = 2.0;

/// Tenants counted at most; beyond it, those with a full bucket are forgotten, which changes nothing for them.
const MOST_TENANTS: usize = 4096;

/// A token bucket per tenant.
pub(crate) struct Rates {
    /// Requests a second; zero is no limit.
    per_second: u32,
    buckets: Mutex<HashMap<TenantId, Bucket>>,
}

impl Rates {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second, buckets: Mutex::default() }
    }

    /// Takes a token; without one, the seconds after which there is one.
    fn take(&self, tenant: &TenantId, now: Instant) -> Result<(), u32> {
        if self.per_second == 0 {
            return Ok(());
        }
        let per_second = f64::from(self.per_second);
        let pace = Pace { per_second, burst: per_second * BURST_SECS };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_TENANTS && !buckets.contains_key(tenant) {
            buckets.retain(|_, bucket| !bucket.is_full(pace, now));
        }
        let mut bucket = buckets.get(tenant).copied().unwrap_or_else(|| Bucket::full(pace, now));
        bucket.take(pace, now)?;
        buckets.insert(tenant.clone(), bucket);
        Ok(())
    }
}

/// Answers 429 where the tenant makes too many requests. What needs no key is not counted.
pub(crate) async fn rate(State(context): State<Context>, request: Request, next: Next) -> Response {
    if let Some(caller) = request.extensions().get::<Caller>()
        && let Err(secs) = context.rates.take(&caller.0, Instant::now())
    {
        return Refusal::too_many_requests(context.rates.per_second, secs).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
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
    fn zero_is_no_limit_and_many_tenants_are_no_memory() {
        let now = Instant::now();
        assert!((0..1000).all(|_| Rates::new(0).take(&tenant("acme"), now).is_ok()));
        let rates = Rates::new(5);
        for i in 0..MOST_TENANTS * 2 {
            let at = now + Duration::from_secs(i as u64);
            assert_eq!(rates.take(&tenant(&format!("t{i}")), at), Ok(()));
        }
        assert!(rates.buckets.lock().unwrap().len() <= MOST_TENANTS);
    }
}
