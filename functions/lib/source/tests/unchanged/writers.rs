//! Sessions that change rows and tables in every way that PostgreSQL has, step by step, with transactions left open.

use sqlx::PgConnection;

use crate::bed::{Bed, connect, run};

/// Number of sessions.
const WRITERS: u64 = 3;

/// Statements in a transaction, or by themselves. `T` is a table, `N` and `D` are small numbers.
const ROWS: [&str; 14] = [
    "insert into T (id, day, v, m) values (N, date '2024-01-01' + D, 'new', 'glad')",
    "insert into T (id, day, v, m) select g, date '2024-01-01' + D, 'many', 'sad' from generate_series(1, 3) g",
    "update T set v = v || 'u' where id = N",
    "update T set v = v where id = N",
    "update T set v = 'z' where day = date '2024-01-01' + D",
    "update T set day = date '2024-01-01' + D where id = N",
    "delete from T where id = N",
    "with gone as (delete from T where id = N returning *) insert into T select * from gone",
    "with gone as (delete from T where id = N returning *) insert into T select id, day, v || 'r', m, x from gone",
    "savepoint s; insert into T (id, day, v, m) values (N, date '2024-01-01' + D, 'saved', 'sad'); rollback to s",
    "savepoint s; delete from T where id = N; release s",
    "select from T where id = N for update",
    "select from T where id = N for key share",
    "lock T in share row exclusive mode",
];

/// Statements that are transactions of their own.
const ALONE: [&str; 23] = [
    "vacuum T",
    "vacuum (freeze) T",
    "vacuum full T",
    "analyze T",
    "truncate T",
    "begin; alter table T drop column x; alter table T add column x int4 default D; commit",
    "alter table T alter x set default N",
    "alter type mood rename value 'sad' to 'blue'",
    "alter type mood rename value 'blue' to 'sad'",
    "alter table plain alter v type text collate \"C\"",
    "alter table plain alter v type text collate \"default\"",
    "begin; alter table parts detach partition parts_1; alter table parts attach partition twin for values from ('2024-01-01') to ('2024-01-05'); alter table parts_1 rename to other; alter table twin rename to parts_1; alter table other rename to twin; commit",
    "alter table parts detach partition parts_2 concurrently",
    "alter table parts detach partition parts_2 finalize",
    "alter table parts attach partition parts_2 for values from ('2024-01-05') to ('2024-01-09')",
    "begin; delete from twin; insert into twin select id, day, v || 't', m, x from parts where day < '2024-01-05'; commit",
    "begin; alter table plain rename to other; alter table twin_plain rename to plain; alter table other rename to twin_plain; commit",
    "begin; delete from twin_plain; insert into twin_plain select id, day, v || 'w', m, x from plain; commit",
    "alter table heirs_1 no inherit heirs",
    "alter table heirs_1 inherit heirs",
    "begin; create temp table kept on commit drop as select * from plain; truncate plain; insert into plain select * from kept; commit",
    "begin; alter table T rename column x to y; alter table T rename column y to x; commit",
    "create index concurrently if not exists later on plain (id)",
];

/// Sessions, and what they did.
pub(crate) struct Writers {
    sessions: Vec<(PgConnection, bool)>,
    /// Statements since the last round began.
    pub(crate) history: Vec<String>,
    prepared: u64,
}

impl Writers {
    pub(crate) async fn start(bed: &Bed) -> Self {
        let mut sessions = Vec::new();
        for _ in 0..WRITERS {
            let mut session = connect(&bed.url).await;
            // A statement that waits for another writer is given up: nothing else runs meanwhile.
            run(
                &mut session,
                "set lock_timeout = '10ms'; set statement_timeout = '2s'; set client_min_messages = error",
            )
            .await
            .unwrap();
            sessions.push((session, false));
        }
        Self { sessions, history: Vec::new(), prepared: 0 }
    }

    /// Ends all transactions, the prepared ones included.
    pub(crate) async fn settle(&mut self) {
        for (session, is_open) in &mut self.sessions {
            let _ = run(session, "commit").await;
            *is_open = false;
        }
        for number in 1..=self.prepared {
            let _ = run(&mut self.sessions[0].0, &format!("commit prepared 'p{number}'")).await;
        }
        self.prepared = 0;
        self.history.push("all transactions end".into());
    }

    pub(crate) async fn end(mut self) {
        self.settle().await;
    }

    /// Runs one random statement in one of the sessions.
    pub(crate) async fn step(&mut self, bed: &Bed, dice: &mut Dice) {
        let who = dice.below(WRITERS) as usize;
        let open = self.sessions[who].1;
        let sql = match dice.below(12) {
            0 if !open => "begin".to_owned(),
            0 | 1 if open => "commit".to_owned(),
            2 if open => "rollback".to_owned(),
            3 if open => {
                self.prepared += 1;
                format!("prepare transaction 'p{}'", self.prepared)
            }
            4 if self.prepared > 0 && !open => {
                let word = dice.one_of(&["commit", "rollback"]);
                format!("{word} prepared 'p{}'", dice.below(self.prepared) + 1)
            }
            5 if !open => return self.freeze(bed, dice).await,
            6 | 7 if !open => (*dice.one_of(&ALONE)).to_owned(),
            _ if open => (*dice.one_of(&ROWS)).to_owned(),
            _ => format!("begin; {}; commit", dice.one_of(&ROWS)),
        };
        let table = dice.one_of(&["plain", "plain", "parts", "parts", "heirs", "heirs_1", "parts_1"]);
        let sql = sql
            .replace(" T ", &format!(" {table} "))
            .replace('N', &(dice.below(44) + 1).to_string())
            .replace(" T", &format!(" {table}"))
            .replace(" D", &format!(" {}", dice.below(8)));
        let (session, is_open) = &mut self.sessions[who];
        // Statements that cannot be in a block with others are sent one by one.
        let mut failed = None;
        let pieces: Vec<&str> =
            if sql.starts_with("begin") { vec![sql.as_str()] } else { sql.split("; ").collect() };
        for piece in pieces {
            if let Err(error) = run(session, piece).await {
                failed = Some(error.to_string());
                break;
            }
        }
        self.history
            .push(format!("{who}: {sql}{}", failed.as_ref().map(|e| format!(" -- {e}")).unwrap_or_default()));
        *is_open = match sql.as_str() {
            "begin" => true,
            _ if failed.is_some() => {
                let _ = run(session, "rollback").await;
                false
            }
            "commit" | "rollback" => false,
            text if text.starts_with("prepare") => false,
            _ => open,
        };
    }

    /// Replaces the rows of a table by frozen ones.
    async fn freeze(&mut self, bed: &Bed, dice: &mut Dice) {
        let mut session = connect(&bed.url).await;
        let table = *dice.one_of(&["plain", "parts_1", "heirs_1"]);
        let lines = text_of(&mut session, table).await;
        let begun = run(&mut session, &format!("set lock_timeout = '10ms'; begin; truncate {table}")).await;
        self.history.push(format!("freeze {table} {}", begun.is_ok()));
        if begun.is_err() {
            return;
        }
        let mut copy = session
            .copy_in_raw(&format!("copy {table} (id, day, v, m, x) from stdin (freeze)"))
            .await
            .unwrap();
        copy.send(lines.as_bytes()).await.unwrap();
        copy.finish().await.unwrap();
        run(&mut session, "commit").await.unwrap();
    }
}

/// Returns the rows of a table in the text format of COPY, with another text in each.
async fn text_of(session: &mut PgConnection, table: &str) -> String {
    let columns = "concat_ws(E'\\t', id, coalesce(day::text, '\\N'), v || 'f', coalesce(m::text, '\\N'), coalesce(x::text, '\\N'))";
    let lines =
        crate::bed::text(session, &format!("select string_agg({columns}, E'\\n') from {table}")).await;
    if lines.is_empty() { lines } else { lines + "\n" }
}

/// Random numbers that are the same in every run: a linear congruential generator, with the constants of Knuth's MMIX.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// Returns one of the items.
    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}
