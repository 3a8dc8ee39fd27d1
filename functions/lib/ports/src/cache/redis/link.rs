//! Connection to Redis: opened when it is needed, not retried for a while after a failure.
//!
//! No caller waits long for a cache. A call may take 100 ms, a connection 500 ms (name, TLS, password; one caller
//! opens it, the others continue without). After a failure the server is not queried for some seconds, so during an
//! outage only one request in many waits for a timeout, and the others do not wait.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, FromRedisValue, Pipeline, RedisError};
use tokio::time::timeout;

use crate::postgres::login::cache_password;
use crate::telemetry::chain;

/// Maximum time of a call.
const CALL: Duration = Duration::from_millis(100);
/// Maximum time to connect.
const CONNECT: Duration = Duration::from_millis(500);
/// Maximum time of a check, which does both.
const PING_TIMEOUT: Duration = Duration::from_secs(4);
/// Time for which a failed server is not queried.
const REST: Duration = Duration::from_secs(3);
/// Minimum time between two logged failures.
const LOG_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Link {
    client: Client,
    state: Mutex<LinkState>,
    /// Held by the caller that connects.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct LinkState {
    connection: Option<Numbered>,
    made: u64,
    rest_until: Option<Instant>,
    logged: Option<Instant>,
    unlogged: u64,
}

/// A connection with its number, so that a failure drops this connection and no newer one.
#[derive(Clone)]
struct Numbered(u64, MultiplexedConnection);

/// Reason why there is no response.
enum Trouble {
    /// The server is not queried for a while, or another caller is connecting.
    Resting,
    /// The server did not respond in time.
    Late,
    /// The server returned an error, or could not be reached.
    Failed(RedisError),
}

impl Link {
    pub(super) fn new(url: &str) -> Result<Self, RedisError> {
        Ok(Self {
            client: Client::open(url)?,
            state: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        })
    }

    /// Reports whether data leaves this machine without TLS.
    pub(super) fn is_open(&self) -> bool {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, _) => {
                host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            _ => false,
        }
    }

    /// Runs commands in one round trip. The error is false if the server was not contacted.
    pub(super) async fn ask<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, bool> {
        // A kept connection may have been closed meanwhile, or its process frozen, so a new one is tried.
        let kept = self.state().connection.is_some();
        let answer = match self.try_once(commands).await {
            Err(Trouble::Failed(error)) if kept && is_gone(&error) => self.try_once(commands).await,
            other => other,
        };
        match answer {
            Ok(answer) => Ok(answer),
            Err(Trouble::Resting) => Err(false),
            Err(Trouble::Late) => {
                self.rest("it did not respond in time");
                Err(true)
            }
            Err(Trouble::Failed(error)) => {
                self.rest(&chain(&error));
                Err(true)
            }
        }
    }

    /// Logs in and pings, with a longer timeout than a request, even if the server failed just before.
    pub(super) async fn ping(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PING_TIMEOUT))
            .set_response_timeout(Some(PING_TIMEOUT));
        let ping = async {
            let client = self.identified().await?;
            let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await
        };
        Ok(timeout(PING_TIMEOUT, ping).await.map_err(|_| "no response within 4 s")??)
    }

    async fn try_once<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, Trouble> {
        let Numbered(number, mut connection) = self.connection().await?;
        let answer = match timeout(CALL, commands.query_async(&mut connection)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Trouble::Failed(error),
            Err(_) => Trouble::Late,
        };
        // After any failure a new connection is opened, since after a failover the old one leads to a replica.
        let mut state = self.state();
        if state.connection.as_ref().is_some_and(|Numbered(present, _)| *present == number) {
            state.connection = None;
        }
        Err(answer)
    }

    async fn connection(&self) -> Result<Numbered, Trouble> {
        if let Some(known) = self.known()? {
            return Ok(known);
        }
        let Ok(_connecting) = self.connecting.try_lock() else { return Err(Trouble::Resting) };
        // It may have been opened, or have failed, just before the lock was acquired.
        if let Some(known) = self.known()? {
            return Ok(known);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(CALL));
        let client = self.identified().await.map_err(Trouble::Failed)?;
        let connect = client.get_multiplexed_async_connection_with_config(&config);
        let connection =
            timeout(CONNECT, connect).await.map_err(|_| Trouble::Late)?.map_err(Trouble::Failed)?;
        let mut state = self.state();
        state.made += 1;
        let numbered = Numbered(state.made, connection);
        state.connection = Some(numbered.clone());
        Ok(numbered)
    }

    /// Returns the client with current credentials: the URL's password, or an IAM token if the URL names a user
    /// without one.
    async fn identified(&self) -> Result<Client, RedisError> {
        let Some(user) = token_user(&self.client) else { return Ok(self.client.clone()) };
        let password = cache_password(&user).await.map_err(|error| {
            RedisError::from((ErrorKind::AuthenticationFailed, "no IAM token", chain(&error)))
        })?;
        let info = self.client.get_connection_info().clone();
        let settings = info.redis_settings().clone().set_password(password);
        Client::open(info.set_redis_settings(settings))
    }

    /// Returns the connection if there is one; [`Trouble::Resting`] while the server must not be queried.
    fn known(&self) -> Result<Option<Numbered>, Trouble> {
        let state = self.state();
        if state.rest_until.is_some_and(|until| Instant::now() < until) {
            return Err(Trouble::Resting);
        }
        Ok(state.connection.clone())
    }

    fn rest(&self, error: &str) {
        let now = Instant::now();
        let mut state = self.state();
        state.rest_until = Some(now + REST);
        if state.logged.is_some_and(|at| now < at + LOG_EVERY) {
            state.unlogged += 1;
            return;
        }
        let unlogged = std::mem::take(&mut state.unlogged);
        state.logged = Some(now);
        tracing::warn!(error, unlogged, "the shared cache failed; going on without it for a while");
    }

    fn state(&self) -> MutexGuard<'_, LinkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the user that logs in with tokens; none without TLS, where a token could be read on the network.
fn token_user(client: &Client) -> Option<String> {
    let info = client.get_connection_info();
    let settings = info.redis_settings();
    let encrypted = matches!(info.addr(), ConnectionAddr::TcpTls { insecure: false, .. });
    settings.username().filter(|_| encrypted && settings.password().is_none()).map(str::to_owned)
}

fn is_gone(error: &RedisError) -> bool {
    error.is_connection_dropped() || error.is_io_error() && !error.is_timeout()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_used_only_over_tls_without_a_password() {
        let user = |url: &str| token_user(&Client::open(url).unwrap());
        assert_eq!(user("rediss://sluice-1a2b@cache.example.com:6379").as_deref(), Some("sluice-1a2b"));
        for url in
            ["redis://sluice-1a2b@h:6379", "rediss://u:p@h:6379", "rediss://:p@h:6379", "rediss://h:6379"]
        {
            assert_eq!(user(url), None, "{url}");
        }
    }
}
