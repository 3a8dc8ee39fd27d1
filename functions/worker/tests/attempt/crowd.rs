//! Sessions of another role that keep the source busy.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

use crate::world::{EVENT_TIMEOUT, World};

/// Role of a crowd.
const CROWD: &str = "sluice_crowd";

/// Sessions of another role that run a statement.
pub(crate) struct Crowd {
    server: String,
    pids: std::sync::Mutex<Vec<i32>>,
}

impl Crowd {
    /// Ends the given number of sessions and waits until they are gone. The role is dropped with the last.
    pub(crate) async fn leave(&self, how_many: usize) {
        let mut admin = PgConnection::connect(&self.server).await.unwrap();
        for _ in 0..how_many {
            let pid = self.pids.lock().unwrap().pop().unwrap();
            let end = format!("select pg_terminate_backend({pid}, 10000)");
            sqlx::raw_sql(AssertSqlSafe(end)).execute(&mut admin).await.unwrap();
        }
        if self.pids.lock().unwrap().is_empty() {
            sqlx::raw_sql(AssertSqlSafe(format!("drop role {CROWD}"))).execute(&mut admin).await.unwrap();
        }
    }
}

impl World {
    /// Opens the given number of sessions that sleep in a statement.
    pub(crate) async fn crowd(&mut self, how_many: usize) -> Crowd {
        self.run(&format!("create role {CROWD} login password '{CROWD}'")).await;
        let options: sqlx::postgres::PgConnectOptions = self.url.parse().unwrap();
        let options = options.username(CROWD).password(CROWD);
        let mut pids = Vec::new();
        for _ in 0..how_many {
            let mut session = PgConnection::connect_with(&options).await.unwrap();
            pids.push(sqlx::query("select pg_backend_pid()").fetch_one(&mut session).await.unwrap().get(0));
            // The statement ends with an error when the session is terminated.
            tokio::spawn(async move { sqlx::raw_sql("select pg_sleep(600)").execute(&mut session).await });
        }
        let asleep =
            format!("select count(*) from pg_stat_activity where usename = '{CROWD}' and state = 'active'");
        let give_up = Instant::now() + EVENT_TIMEOUT;
        while self.one(&asleep).await != how_many.to_string() {
            assert!(Instant::now() < give_up, "the crowd does not come together");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Crowd { server: self.server.clone(), pids: std::sync::Mutex::new(pids) }
    }
}
