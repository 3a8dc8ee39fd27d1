//! A session on a thread of its own.
//!
//! The thread has a current-thread runtime, so that the reader may nap (see [`READ_COALESCE_DELAY`]) without delaying uploads and
//! heartbeats. Dropping the handle closes the connection whatever it was doing.

mod begun;
mod check;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use export::load::{Load, LoadLimits};
use export::selection::Selection;
use futures::{Stream, StreamExt};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Row};
use tokio::sync::{mpsc, oneshot};

use begun::Begun;

use super::held::{self, Held};

use super::inspect::cells;
use super::{SourceError, View, connect, load, sql};
use ports::fault::{Fault, Faults};

/// Time the reader sleeps when the socket is empty, before it waits. Meanwhile data accumulates, so the server's next
/// sends wake no thread: measured on loopback, this saves a fifth of the time of server and reader.
const READ_COALESCE_DELAY: Duration = Duration::from_micros(500);

/// Size at which a batch of rows ends, with the row that reaches it. A row of at least this size is a batch by itself
/// and is passed on without a copy.
pub const BATCH_BYTES: usize = 256 << 10;
/// Maximum number of waiting batches.
const BATCHES: usize = 2;

/// Maximum wait for a graceful close after COPY.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// State of the source at the moment of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    /// Time of the source, microseconds since 1970: the file shows the source at or after this time.
    pub as_of_micros: i64,
    /// Time up to which the source had replayed its primary (now, on a primary itself); `None` on a standby that
    /// cannot determine it.
    pub replayed_micros: Option<i64>,
    /// Start of the oldest transaction that was open just before the snapshot, microseconds since 1970; `None` if it
    /// cannot be determined.
    pub open_since_micros: Option<i64>,
}

impl Described {
    /// Makes it of a row's cells: whether the source is a primary, its time, the time up to which it has replayed its
    /// primary, and the start of the oldest open transaction. A primary shows everything up to now.
    pub(super) fn new(is_primary: bool, now: i64, replayed: Option<i64>, open_since: Option<i64>) -> Self {
        let replayed_micros = if is_primary { Some(now) } else { replayed };
        Self { as_of_micros: replayed_micros.unwrap_or(now), replayed_micros, open_since_micros: open_since }
    }

    /// Returns the time before which every transaction that began is visible, except for transactions that could not
    /// be detected: `settle_after` must be longer than those. `None` if the source cannot report up to when it shows
    /// commits.
    pub fn horizon_micros(&self) -> Option<i64> {
        let replayed = self.replayed_micros?;
        Some(self.open_since_micros.map_or(replayed, |open| open.min(replayed)))
    }
}

/// A session with an open transaction. If dropped, it closes its connection.
#[derive(Debug)]
pub struct Session {
    orders: mpsc::Sender<Order>,
    faults: Faults,
}

/// Stream of one COPY: `Bytes` of whole or partial rows. It ends only if the server's stream ended.
pub type Rows = Box<dyn Stream<Item = Result<Bytes, SourceError>> + Send + Unpin>;

enum Order {
    Load(String, oneshot::Sender<Result<Vec<Option<i64>>, SourceError>>),
    Describe(String, oneshot::Sender<Result<Vec<Option<i64>>, SourceError>>),
    Try(String, oneshot::Sender<Result<(), SourceError>>),
    Texts(String, oneshot::Sender<Result<Vec<Option<String>>, SourceError>>),
    Copy(String, mpsc::Sender<Result<Bytes, SourceError>>),
}

impl Session {
    pub(super) async fn open(
        options: PgConnectOptions,
        view: View,
        patience: Duration,
        faults: Faults,
    ) -> Result<Self, SourceError> {
        let (orders, inbox) = mpsc::channel(1);
        let (opened, open) = oneshot::channel();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(serve(options, view, patience, opened, inbox)),
                Err(error) => drop(opened.send(Err(SourceError::classify(error.into())))),
            }
        };
        let thread = thread::Builder::new().name("source".into()).spawn(serve);
        thread.map_err(|e| SourceError::classify(e.into()))?;
        open.await.map_err(|_| SourceError::gone())??;
        Ok(Self { orders, faults })
    }

    /// Reads the load of the source; sends no query if there is no limit.
    pub async fn load(&self, limits: LoadLimits) -> Result<Load, SourceError> {
        if limits.is_off() {
            return Ok(Load::default());
        }
        let (answer, answered) = oneshot::channel();
        self.orders
            .send(Order::Load(load::load_sql(limits), answer))
            .await
            .map_err(|_| SourceError::gone())?;
        load::read(&answered.await.map_err(|_| SourceError::gone())??)
    }

    /// Locks the relations, compares every column's type with the catalog's and records the time.
    pub async fn describe(&self, selection: &Selection) -> Result<Described, SourceError> {
        let (answer, answered) = oneshot::channel();
        let order = Order::Describe(sql::describe_sql(selection), answer);
        self.orders.send(order).await.map_err(|_| SourceError::gone())?;
        let described = compare(&answered.await.map_err(|_| SourceError::gone())??, selection)?;
        self.try_values(selection).await?;
        Ok(described)
    }

    /// Returns the relations that this session has locked, after [`Session::describe`].
    pub async fn relations(&self) -> Result<Held, SourceError> {
        held::read_held(&self.texts(held::HELD_SQL.to_owned()).await?)
    }

    /// Lets the source parse the values of filters that only it can check. A wrong value is found before a row is
    /// read, and the failure names the filter and not the value.
    async fn try_values(&self, selection: &Selection) -> Result<(), SourceError> {
        for predicate in selection.conditions() {
            let Some(sql) = sql::try_sql(predicate) else { continue };
            let (answer, answered) = oneshot::channel();
            self.orders.send(Order::Try(sql, answer)).await.map_err(|_| SourceError::gone())?;
            let tried = answered.await.map_err(|_| SourceError::gone())?;
            tried.map_err(|error| error.of_filter(&predicate.column))?;
        }
        Ok(())
    }

    /// Runs one COPY in the same transaction and ends the session with it.
    pub async fn copy(self, sql: String) -> Result<Rows, SourceError> {
        let (batches, mut inbox) = mpsc::channel(BATCHES);
        self.orders.send(Order::Copy(sql, batches)).await.map_err(|_| SourceError::gone())?;
        // An empty batch is the server's "end of rows"; a channel that ends without one lost its thread.
        let mut ended = false;
        Ok(Box::new(futures::stream::poll_fn(move |cx| {
            if ended {
                return None.into();
            }
            inbox.poll_recv(cx).map(|batch| match batch {
                Some(Ok(bytes)) if bytes.is_empty() => {
                    ended = true;
                    None
                }
                None => {
                    ended = true;
                    Some(Err(SourceError::gone()))
                }
                Some(Ok(_)) if self.faults.strikes(Fault::SourceCut) => {
                    ended = true;
                    Some(Err(SourceError::injected()))
                }
                some => some,
            })
        })))
    }
}

/// Reads the row of the description; its types must be those of the catalog.
pub fn compare(row: &[Option<i64>], selection: &Selection) -> Result<Described, SourceError> {
    let [standby, Some(now), replayed, open_since, types @ ..] = row else {
        return Err(SourceError::protocol("the result of the description query has too few columns"));
    };
    let (expected, collated) = (sql::expected(selection), sql::collated(selection));
    if types.len() != expected.len() + usize::from(collated.is_some()) {
        return Err(SourceError::protocol(
            "the result of the description query has an unexpected number of columns",
        ));
    }
    for ((name, expected), found) in expected.into_iter().zip(types) {
        let found = found.and_then(|oid| u32::try_from(oid).ok()).unwrap_or(0);
        if found != expected {
            return Err(SourceError::schema_changed(name, expected, found));
        }
    }
    if let (Some(by), Some(deterministic)) = (collated, types.last())
        && *deterministic != Some(1)
    {
        return Err(SourceError::collation_changed(&by.name));
    }
    Ok(Described::new(*standby == Some(0), *now, *replayed, *open_since))
}

async fn serve(
    options: PgConnectOptions,
    view: View,
    patience: Duration,
    mut opened: oneshot::Sender<Result<(), SourceError>>,
    mut inbox: mpsc::Receiver<Order>,
) {
    let connected = tokio::select! {
        connected = connect(&options, &view, patience) => connected,
        () = opened.closed() => return,
    };
    let begun = Begun::now(&options);
    let mut connection = match connected {
        Ok(connection) => connection,
        Err(error) => return drop(opened.send(Err(error))),
    };
    if opened.send(Ok(())).is_err() {
        return;
    }
    while let Some(order) = inbox.recv().await {
        let more = match order {
            Order::Load(sql, answer) => respond(answer, ask(&mut connection, sql)).await,
            Order::Describe(sql, answer) => respond(answer, describe(&mut connection, sql)).await,
            Order::Try(sql, answer) => respond(answer, attempt(&mut connection, sql)).await,
            Order::Texts(sql, answer) => respond(answer, texts(&mut connection, sql)).await,
            Order::Copy(sql, batches) => return copy(connection, &sql, &batches, begun).await,
        };
        if !more {
            break;
        }
    }
    // Dropping closes the connection. An explicit close waits over TLS for a message from the server, which an idle
    // server never sends.
    drop(connection);
}

/// Carries out an order for as long as its caller waits. Returns false if the session ends with it: the order failed, or
/// its caller is gone.
async fn respond<T>(
    mut answer: oneshot::Sender<Result<T, SourceError>>,
    order: impl Future<Output = Result<T, SourceError>>,
) -> bool {
    let result = tokio::select! {
        result = order => result,
        () = answer.closed() => return false,
    };
    let succeeded = result.is_ok();
    answer.send(result).is_ok() && succeeded
}

/// Runs a statement whose result is of no interest.
async fn attempt(connection: &mut PgConnection, sql: String) -> Result<(), SourceError> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.map(drop).map_err(SourceError::classify)
}

/// Reads a row of numbers.
async fn ask(connection: &mut PgConnection, sql: String) -> Result<Vec<Option<i64>>, SourceError> {
    use sqlx::Executor as _;
    let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(sql))).await.map_err(SourceError::classify)?;
    (0..row.len()).map(|i| row.try_get(i)).collect::<Result<_, _>>().map_err(SourceError::classify)
}

/// Reads a row of texts, as the simple protocol sends them.
pub(super) async fn texts(
    connection: &mut PgConnection,
    sql: String,
) -> Result<Vec<Option<String>>, SourceError> {
    use sqlx::Executor as _;
    let row = connection
        .fetch_one(sqlx::raw_sql(AssertSqlSafe(sql.as_str())))
        .await
        .map_err(|error| SourceError::classify(error).in_statement(&sql))?;
    cells(&row).map_err(SourceError::classify)
}

/// Reads the row of the description with booleans as 0 and 1. Uses the simple protocol, because named statements
/// break through a pooler.
async fn describe(connection: &mut PgConnection, sql: String) -> Result<Vec<Option<i64>>, SourceError> {
    use sqlx::Executor as _;
    let row = connection
        .fetch_one(sqlx::raw_sql(AssertSqlSafe(sql.as_str())))
        .await
        .map_err(|error| SourceError::classify(error).in_statement(&sql))?;
    let cell = |i: usize| -> Result<Option<i64>, sqlx::Error> {
        match i {
            0 => Ok(row.try_get::<Option<bool>, _>(i)?.map(i64::from)),
            1..=3 => row.try_get(i),
            _ => Ok(row.try_get::<Option<sqlx::postgres::types::Oid>, _>(i)?.map(|oid| i64::from(oid.0))),
        }
    };
    (0..row.len()).map(cell).collect::<Result<_, _>>().map_err(SourceError::classify)
}

/// Passes the rows on, then commits and closes gracefully. After an error, or when the receiver is gone, the
/// connection is dropped: it holds unread rows and cannot be used any more.
async fn copy(
    mut connection: PgConnection,
    sql: &str,
    batches: &mpsc::Sender<Result<Bytes, SourceError>>,
    begun: Begun<'_>,
) {
    match hand_on(&mut connection, sql, batches).await {
        Ok(true) => {
            // The session ends even if the server does not respond to the close.
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, connection.close()).await;
            let _ = batches.send(Ok(Bytes::new())).await;
        }
        Ok(false) => drop(connection),
        Err(error) => {
            drop(connection);
            let _ = batches.send(Err(begun.explained(error).await)).await;
        }
    }
}

/// Passes the rows on; `Ok(false)` if the receiver is gone.
async fn hand_on(
    connection: &mut PgConnection,
    sql: &str,
    batches: &mpsc::Sender<Result<Bytes, SourceError>>,
) -> Result<bool, SourceError> {
    let mut batch = BytesMut::new();
    {
        let started = tokio::select! {
            started = connection.copy_out_raw(sql) => started,
            () = batches.closed() => return Ok(false),
        };
        let mut rows = started.map_err(|error| SourceError::classify(error).in_statement(sql))?;
        let mut unwanted = pin!(batches.closed());
        loop {
            let Next::Row(row) = next(&mut rows, unwanted.as_mut()).await else { return Ok(false) };
            match row {
                None => break,
                Some(row) => {
                    let row = row.map_err(SourceError::classify)?;
                    if row.len() >= BATCH_BYTES {
                        let before = std::mem::take(&mut batch).freeze();
                        if !before.is_empty() && batches.send(Ok(before)).await.is_err()
                            || batches.send(Ok(row)).await.is_err()
                        {
                            return Ok(false);
                        }
                        continue;
                    }
                    if batch.capacity() == 0 {
                        batch.reserve(BATCH_BYTES + BATCH_BYTES / 4);
                    }
                    batch.extend_from_slice(&row);
                }
            }
            if batch.len() >= BATCH_BYTES
                && batches.send(Ok(std::mem::take(&mut batch).freeze())).await.is_err()
            {
                return Ok(false);
            }
        }
    }
    if !batch.is_empty() && batches.send(Ok(batch.freeze())).await.is_err() {
        return Ok(false);
    }
    sqlx::raw_sql("commit").execute(connection).await.map_err(SourceError::classify)?;
    Ok(true)
}

/// Next step of the reader.
enum Next<T> {
    Row(Option<T>),
    Unwanted,
}

/// Returns the next row. Only while there is none does it nap and check that the receiver still exists: there is one
/// message per row, and a check for each took as long as reading.
async fn next<S: Stream + Unpin>(
    rows: &mut S,
    mut unwanted: Pin<&mut impl Future<Output = ()>>,
) -> Next<S::Item> {
    poll_fn(|cx| {
        if let Poll::Ready(row) = rows.poll_next_unpin(cx) {
            return Poll::Ready(Next::Row(row));
        }
        thread::sleep(READ_COALESCE_DELAY);
        unwanted.as_mut().poll(cx).map(|()| Next::Unwanted)
    })
    .await
}

#[cfg(test)]
mod tests;
