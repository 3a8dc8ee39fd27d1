//! `cargo x cost dispatch`: time of one decision of `dispatch()` with many tenants waiting, in a database of its own
//! next to that of a running stack.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use export::defaults::BUDGET;

use super::Named;
use super::measured::Dispatch;
use crate::machine::progress::Step;
use crate::machine::{environment, signals};
use crate::stack::postgres;
use crate::stack::state::Stack;

/// Database that is created for the measurement and dropped after it.
const DATABASE: &str = "dispatch_time";

/// Number of timed calls. Fewer than the chunks of one export: with one tenant, all chunks are of that export.
const CALLS: usize = 25;

/// Number of chunks of each export.
const CHUNKS: usize = 60;

#[derive(Args)]
pub(crate) struct DispatchArgs {
    #[command(flatten)]
    stack: Named,
    /// Numbers of tenants to measure with.
    #[arg(default_values_t = [1, 10, 100, 1000, 10_000])]
    tenants: Vec<u32>,
}

/// Measures and prints the milliseconds of a call by number of tenants, as JSON: a call as it is while exports run,
/// when a chunk is done and one is picked in its place.
pub(super) fn run(args: &DispatchArgs) -> Result<()> {
    let stack = Stack::running_one(&args.stack.name)?;
    let database = Database::create(&stack)?;
    let measured = times(&database, &args.tenants);
    database.remove()?;
    println!("{}", serde_json::to_string_pretty(&measured?)?);
    Ok(())
}

fn times(database: &Database, tenants: &[u32]) -> Result<Dispatch> {
    let how = format!("the median of {CALLS} calls that pick one chunk each, as while exports run");
    let mut found = Dispatch { how, all: BTreeMap::new(), ten: BTreeMap::new() };
    for &tenants in tenants {
        for (times, waiting) in [(&mut found.all, tenants), (&mut found.ten, tenants.min(10))] {
            let step = Step::start(&format!("Dispatching for {tenants} tenants, {waiting} of them waiting"));
            let said = database.run(&script(tenants, waiting))?;
            signals::check()?;
            let ms = per_pick_ms(&said)?;
            step.done(&format!("{ms} ms per call"));
            times.insert(tenants, ms);
        }
    }
    Ok(found)
}

/// Store without data, in the server of a stack.
struct Database<'a> {
    stack: &'a Stack,
    url: String,
}

impl<'a> Database<'a> {
    /// Creates the database with the schema of the stack's store.
    fn create(stack: &'a Stack) -> Result<Self> {
        let url = stack.owner_url.replace(&format!("/{}?", postgres::DATABASE), &format!("/{DATABASE}?"));
        ensure!(url != stack.owner_url, "the URL of the owner names no database {}", postgres::DATABASE);
        let database = Self { stack, url };
        database.remove()?;
        database.psql(&stack.owner_url, &format!("create database {DATABASE};"))?;
        let mut dump = environment::command(stack.postgres_bin.join("pg_dump"));
        dump.args([
            "--schema-only",
            "--no-owner",
            "--no-privileges",
            "--schema=sluice",
            "-d",
            &stack.owner_url,
        ]);
        let output = dump.stderr(Stdio::inherit()).output().context("cannot start pg_dump")?;
        ensure!(output.status.success(), "pg_dump ended with {}", output.status);
        database.run(&String::from_utf8(output.stdout)?)?;
        // Rows that the migrations insert, and the budget.
        database.run(&format!(
            "insert into sluice.pulse (at) values (clock_timestamp());
             insert into sluice.setting (name, value) values ('budget', '{BUDGET}');"
        ))?;
        Ok(database)
    }

    fn remove(&self) -> Result<()> {
        self.psql(&self.stack.owner_url, &format!("drop database if exists {DATABASE};")).map(drop)
    }

    /// Runs a script in the database and returns its output.
    fn run(&self, script: &str) -> Result<String> {
        self.psql(&self.url, script)
    }

    fn psql(&self, url: &str, script: &str) -> Result<String> {
        let mut psql = environment::command(self.stack.postgres_bin.join("psql"));
        psql.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-d", url]).stdin(Stdio::piped()).stdout(Stdio::piped());
        // Notices are not needed.
        let mut child =
            psql.env("PGOPTIONS", "-c client_min_messages=warning").spawn().context("cannot start psql")?;
        let mut stdin = child.stdin.take().context("psql has no standard input")?;
        stdin.write_all(script.as_bytes())?;
        drop(stdin);
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("psql ended with {}; see its messages above", output.status);
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// Returns the statements that fill the store and call `dispatch()`: so many tenants, of whom so many wait with one
/// export each.
fn script(tenants: u32, waiting: u32) -> String {
    let filled = format!(
        "truncate sluice.tenant, sluice.selection, sluice.tenant_turn, sluice.export_turn cascade;
         insert into sluice.tenant (id) select 't' || g from generate_series(1, {tenants}) g;
         insert into sluice.selection values ('\\x00', '{{}}');
         insert into sluice.export (id, tenant, request, revision, heads, accepted_at, deadline_at)
             select gen_random_uuid(), id, '{{}}', 'r', '[]', now(), now() + interval '1 day'
             from sluice.tenant limit {waiting};
         with new as (
             insert into sluice.chunk (id, tenant, dataset, fingerprint, range_of, range_start, range_end,
                 planned_rows, planned_bytes, due_at)
             select gen_random_uuid(), t.id, 'd', '\\x00', 'date', n, n + 1, 1, 1, now()
             from (select tenant as id from sluice.export) t, generate_series(1, {CHUNKS}) n
             returning id, tenant, range_start
         )
         insert into sluice.link (export_id, chunk_id, ordinal, room, name, weight, reused, open)
             select e.id, new.id, range_start, 1, range_start::text, 1, false, true
             from new join sluice.export e using (tenant);
         analyze;
         \\timing on\n"
    );
    let call = "select count(*) from sluice.dispatch();\n";
    // One of the chunks that are out is done.
    let done = "\\timing off
         with done as (
             update sluice.chunk set state = 'failed'
             where id = (select id from sluice.chunk where state = 'sent' limit 1) returning id
         )
         update sluice.link l set open = false from done where l.chunk_id = done.id;
         \\timing on\n";
    format!("{filled}{call}{}", format!("{done}{call}").repeat(CALLS))
}

/// Returns the median of the timed calls. The first call sends as many chunks as may be out, and is not timed.
fn per_pick_ms(said: &str) -> Result<f64> {
    let mut times = Vec::new();
    let mut lines = said.lines();
    let mut wanted = 2 * BUDGET;
    while let (Some(picked), Some(timing)) = (lines.next(), lines.next()) {
        ensure!(picked.parse() == Ok(wanted), "a call picked {picked} chunks instead of {wanted}");
        wanted = 1;
        let ms = timing.strip_prefix("Time: ").and_then(|rest| rest.split(' ').next());
        times.push(ms.and_then(|ms| ms.parse::<f64>().ok()).with_context(|| format!("no time in {timing}"))?);
    }
    ensure!(times.len() == CALLS + 1, "psql timed {} calls", times.len());
    let mut times = times.split_off(1);
    times.sort_by(f64::total_cmp);
    Ok(times[CALLS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_the_median_of_the_calls_after_the_first() {
        let calls: String = (0..CALLS).map(|i| format!("1\nTime: {}.5 ms\n", (i * 7) % CALLS)).collect();
        assert_eq!(per_pick_ms(&format!("8\nTime: 1234.567 ms (00:01.235)\n{calls}")).unwrap(), 12.5);
        assert!(per_pick_ms(&format!("7\nTime: 1.000 ms\n{calls}")).is_err(), "too few were sent");
        assert!(per_pick_ms("8\nTime: 1.000 ms\n").is_err(), "too few calls");
    }
}
