//! A database with tables of every kind, and reads and checks of them.

use std::time::Duration;

use export::catalog::{From, RangeColumn};
use export::column::{Column, ColumnType, Qualified};
use export::id::{ChunkId, TenantId};
use export::proof::{Check, Proof};
use export::range::{Range, RangeKind, Span};
use export::selection::{By, Predicate, Selection, Test};
use futures::StreamExt;
use source::{Session, Source, sql};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use crate::writers::{Dice, Writers};

const PATIENCE: Duration = Duration::from_secs(60);

/// 2024-01-01 in days since 1970.
const FIRST_DAY: i64 = 19_723;

/// Number of different chunks that are read.
pub(crate) const RANGES: u64 = 5;

const TABLES: &str = "
    create type mood as enum ('sad', 'fine', 'glad');
    create table plain (id int8, day date, v text, m mood, x int4 default 0);
    create table parts (id int8, day date, v text, m mood, x int4 default 0) partition by range (day);
    create table parts_1 partition of parts for values from ('2024-01-01') to ('2024-01-05');
    create table parts_2 partition of parts for values from ('2024-01-05') to ('2024-01-09');
    create table heirs (id int8, day date, v text, m mood, x int4 default 0);
    create table heirs_1 () inherits (heirs);
    create index on plain (day);
    insert into plain select g, date '2024-01-01' + g % 8, chr(97 + g % 26), 'fine' from generate_series(1, 40) g;
    insert into parts select * from plain;
    insert into heirs select * from plain where id < 20;
    insert into heirs_1 select * from plain where id >= 20;
    -- Twins of a partition, with equal counts of rows that are old by the time they are attached.
    create table twin as select id, day, v || '!' as v, m, x from parts_1;
    create table twin_plain (like plain including defaults);
    insert into twin_plain select id, day, v || '?', m, x from plain;";

/// Servers to test, as URLs of their owners.
pub(crate) fn servers() -> Vec<String> {
    let mut servers = Vec::new();
    match std::env::var("SLUICE_STACK") {
        Ok(path) => {
            let stack: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            servers.push(stack["ownerUrl"].as_str().unwrap().to_owned());
        }
        Err(_) => println!("skipped: SLUICE_STACK is not set"),
    }
    match std::env::var("SLUICE_POSTGRES_15") {
        Ok(url) => servers.push(url),
        Err(_) => {
            let all = std::env::var("SLUICE_NOTHING_SKIPPED").is_ok_and(|word| word == "1");
            assert!(!all, "SLUICE_NOTHING_SKIPPED=1, but there is no PostgreSQL 15");
            println!(
                "skipped: there is no PostgreSQL 15; apt-get install postgresql-15, then `cargo x test`"
            );
        }
    }
    servers
}

/// One read: its proof, and the rows that were visible.
pub(crate) struct Seen {
    pub(crate) proof: Proof,
    pub(crate) count: u64,
    pub(crate) rows: String,
}

/// One check.
pub(crate) struct Found {
    pub(crate) unchanged: bool,
    pub(crate) rows: String,
}

pub(crate) struct Bed {
    pub(crate) url: String,
    pub(crate) version: String,
    server: String,
    database: String,
    source: Source,
    mood: u32,
}

pub(crate) fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

fn with_database(server: &str, database: &str) -> String {
    let (base, rest) = server.rsplit_once('/').unwrap();
    let query = rest.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
    format!("{base}/{database}{query}")
}

pub(crate) async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.map(drop)
}

pub(crate) async fn text(connection: &mut PgConnection, sql: &str) -> String {
    let row = connection.fetch_one(AssertSqlSafe(format!("select coalesce(({sql})::text, '')"))).await;
    row.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
}

impl Bed {
    pub(crate) async fn start(server: &str, name: &str) -> Self {
        let database = format!("sluice_proof_{name}");
        let mut admin = connect(server).await;
        // A run that was stopped may have left prepared transactions, which can only be ended in their own database.
        if text(&mut admin, &format!("select count(*) from pg_prepared_xacts where database = '{database}'"))
            .await
            != "0"
        {
            let (base, _) = server.rsplit_once('/').unwrap();
            let mut left = connect(&format!("{base}/{database}")).await;
            for number in 1..100_000 {
                if text(
                    &mut left,
                    "select count(*) from pg_prepared_xacts where database = current_database()",
                )
                .await
                    == "0"
                {
                    break;
                }
                let _ = run(&mut left, &format!("rollback prepared 'p{number}'")).await;
            }
        }
        run(&mut admin, &format!("drop database if exists {database} with (force)")).await.unwrap();
        run(&mut admin, &format!("create database {database}")).await.unwrap();
        let url = with_database(server, &database);
        let mut owner = connect(&url).await;
        run(&mut owner, TABLES).await.unwrap();
        let version = text(&mut owner, "select current_setting('server_version')").await;
        let mood = text(&mut owner, "select 'mood'::regtype::oid").await.parse().unwrap();
        Self { source: Source::new(&url).unwrap(), url, version, server: server.to_owned(), database, mood }
    }

    /// Returns the same database on another server, which is a copy of this one or the same at another address.
    pub(crate) fn at(&self, server: &str) -> Self {
        let url = with_database(server, &self.database);
        Self {
            source: Source::new(&url).unwrap(),
            url,
            version: self.version.clone(),
            server: server.to_owned(),
            database: self.database.clone(),
            mood: self.mood,
        }
    }

    pub(crate) async fn end(self) {
        let mut admin = connect(&self.server).await;
        run(&mut admin, &format!("drop database {} with (force)", self.database)).await.unwrap();
    }

    /// Returns the selection of a table.
    pub(crate) fn selection(&self, table: &str) -> Selection {
        let mut mood = Column::native("m", self.mood, ColumnType::Text);
        mood.labels = vec!["sad".into(), "fine".into(), "glad".into()];
        Selection {
            dataset: table.into(),
            from: From::Relation { schema: "public".into(), name: table.into() },
            columns: vec![
                Column::native("id", 20, ColumnType::Int8),
                Column::native("v", 25, ColumnType::Text),
                mood,
                Column::native("x", 23, ColumnType::Int4),
            ],
            range_column: Some(RangeColumn {
                name: "day".into(),
                kind: RangeKind::Date,
                time_zone: Some("UTC".into()),
                include_nulls: true,
            }),
            ..Selection::example()
        }
    }

    /// Returns one of the chunks that are read.
    pub(crate) fn chunk(&self, which: u64) -> (Selection, Range) {
        let span = |start, end| {
            Range::Span(Span { kind: RangeKind::Date, start: FIRST_DAY + start, end: FIRST_DAY + end })
        };
        let whole = |table: &str| Selection { range_column: None, ..self.selection(table) };
        match which {
            0 => (whole("plain"), Range::All),
            1 => (self.selection("parts"), span(0, 4)),
            2 => (self.selection("heirs"), span(2, 6)),
            3 => (self.selection("parts"), span(0, 8)),
            _ => {
                let by = By {
                    operator: Qualified::new("pg_catalog", ">="),
                    of: Qualified::new("pg_catalog", "text"),
                    oid: 25,
                    listable: true,
                    untried: false,
                };
                let above = Predicate { column: "v".into(), test: Test::Gte("k".into()), by: Some(by) };
                (Selection { predicates: vec![above], ..self.selection("plain") }, span(0, 8))
            }
        }
    }

    /// Begins a session and describes the selection; `None` if a writer has removed or locked what it needs.
    pub(crate) async fn session(&self, selection: &Selection) -> Option<Session> {
        let session = self.source.session(PATIENCE).await.unwrap();
        session.describe(selection).await.ok()?;
        Some(session)
    }

    /// Reads a chunk. Writers may do something between the proof and the COPY.
    pub(crate) async fn read(
        &self,
        selection: &Selection,
        range: &Range,
        writers: &mut Writers,
        dice: &mut Dice,
    ) -> Option<Seen> {
        let session = self.session(selection).await?;
        let proof = session.prove(selection).await.unwrap()?;
        if dice.below(3) == 0 {
            writers.step(self, dice).await;
        }
        let rows = self.rows(selection, range).await;
        finish(session, &sql::copy_sql(selection, range, &tenant())).await;
        writers.history.push("-- read".into());
        Some(Seen { proof, count: rows.lines().count() as u64, rows })
    }

    /// Checks a chunk that was read.
    pub(crate) async fn check(
        &self,
        selection: &Selection,
        range: &Range,
        read: &Seen,
        writers: &mut Writers,
        dice: &mut Dice,
    ) -> Option<Found> {
        let session = self.session(selection).await?;
        writers.history.push("-- described".into());
        let now = session.prove(selection).await.unwrap()?;
        if dice.below(3) == 0 {
            writers.step(self, dice).await;
        }
        let unchanged = session.is_unchanged(selection, range, &tenant(), &check(read), &now).await.unwrap();
        let rows = self.rows(selection, range).await;
        finish(session, "copy (select 1) to stdout (format binary)").await;
        Some(Found { unchanged, rows })
    }

    /// Returns the rows that the query of a chunk returns now, one in a line, in order.
    pub(crate) async fn rows(&self, selection: &Selection, range: &Range) -> String {
        let copy = sql::copy_sql(selection, range, &tenant());
        let query = copy.trim_start_matches("copy (").trim_end_matches(") to stdout (format binary)");
        let mut connection = connect(&self.url).await;
        text(
            &mut connection,
            &format!("select string_agg(r::text, E'\\n' order by r::text) from ({query}) r"),
        )
        .await
    }
}

pub(crate) fn check(read: &Seen) -> Check {
    Check { chunk: ChunkId::from_random([1; 16]), attempt: 1, rows: read.count, proof: read.proof.clone() }
}

/// Runs the COPY and waits until the session has ended.
pub(crate) async fn finish(session: Session, copy: &str) {
    let mut batches = session.copy(copy.to_owned()).await.unwrap();
    while let Some(batch) = batches.next().await {
        batch.unwrap();
    }
}
