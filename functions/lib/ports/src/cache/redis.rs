//! A cache in Redis or Valkey, shared by all processes that use its URL.

mod link;

use std::time::Duration;

use async_trait::async_trait;

use self::link::Link;
use super::counts::{Counts, LayerCounts};
use super::key::{CacheKind, Key};
use super::{Cache, Entry};
use crate::config::ConfigError;

/// Maximum size of a value in bytes: the transfer of a larger one costs more than it saves.
const MAX_VALUE_BYTES: usize = 4 << 20;

/// Values in Redis. It is connected at first use; while it cannot be reached every call is a miss.
pub struct RedisCache {
    link: Link,
    counts: Counts,
}

impl RedisCache {
    /// Configures the server by its URL: `redis://[user:password@]host:port[/database]`, or `rediss://` for TLS. A
    /// user without a password, over TLS, logs in with IAM tokens to the ElastiCache Serverless cache of the user's
    /// name.
    ///
    /// # Errors
    /// If the URL has another form. It is not shown in the error, because it may contain a password.
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        let link = Link::new(url).map_err(|_| ConfigError::Invalid("SLUICE_CACHE_URL", "Redis URL"))?;
        Ok(Self { link, counts: Counts::default() })
    }

    /// Reports whether data leaves this machine without TLS.
    pub fn is_open(&self) -> bool {
        self.link.is_open()
    }

    /// Logs in and pings the server, on a connection of its own.
    ///
    /// # Errors
    /// The reason why the server does not respond.
    pub async fn ping(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.link.ping().await
    }

    /// Runs commands; `None`, counted, if they failed or were not sent.
    async fn ask<T: redis::FromRedisValue>(&self, kind: CacheKind, commands: &redis::Pipeline) -> Option<T> {
        match self.link.ask(commands).await {
            Ok(answer) => Some(answer),
            Err(was_asked) => {
                if was_asked {
                    self.counts.failed(kind);
                }
                None
            }
        }
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &Key) -> Option<Entry> {
        // Both in one round trip; if the value expires in between, its remaining time shows it.
        let mut commands = redis::pipe();
        commands.cmd("GET").arg(key.as_str()).cmd("PTTL").arg(key.as_str());
        let answer: Option<(Option<Vec<u8>>, i64)> = self.ask(key.kind(), &commands).await;
        let found = answer.and_then(|(value, left_ms)| {
            // Negative: the value is gone, or it has no expiry and was therefore not written by this cache.
            let left = u64::try_from(left_ms).ok().filter(|left| *left > 0).map(Duration::from_millis)?;
            Some(Entry { value: value?.into(), left })
        });
        self.counts.got(key.kind(), found.is_some());
        found
    }

    async fn put(&self, key: &Key, entry: &Entry) {
        let left_ms = u64::try_from(entry.left.as_millis()).unwrap_or(u64::MAX);
        if left_ms == 0 || entry.value.len() > MAX_VALUE_BYTES {
            return self.remove(key).await;
        }
        let mut commands = redis::pipe();
        commands.cmd("SET").arg(key.as_str()).arg(&entry.value[..]).arg("PX").arg(left_ms).ignore();
        let _: Option<()> = self.ask(key.kind(), &commands).await;
    }

    async fn remove(&self, key: &Key) {
        let mut commands = redis::pipe();
        commands.cmd("DEL").arg(key.as_str()).ignore();
        let _: Option<()> = self.ask(key.kind(), &commands).await;
    }

    fn counts(&self) -> Vec<LayerCounts> {
        vec![self.counts.layer("redis")]
    }
}
