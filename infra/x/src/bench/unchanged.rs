//! `cargo x bench unchanged`: exports the whole sample again after a hundredth of the rows of five tables was changed,
//! with a catalog that promises nothing, and compares it with the first export and with `psql`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::process::{ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::proc;
use super::table::{Table, megabytes, number};
use crate::binaries;
use crate::commands::demo::{FIRST_DAY, LAST_DAY};
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, prerequisites, signals};
use crate::stack::admin;
use crate::stack::postgres::NAME as POSTGRES;
use crate::stack::start::{StackSpec, TENANT, start};
use crate::stack::state::Stack;
use crate::verify::{Database, Oracle, selects};

const NAME: &str = "unchanged";

/// Tables of which rows are changed, with the column that orders them by age and one that is written. The largest, a
/// partitioned one, and three of middle size.
const TOUCHED: [(&str, &str, &str); 5] = [
    ("shop.orders", "created_at", "note"),
    ("shop.order_events", "at", "actor"),
    ("finance.invoices", "issued_on", "due_on"),
    ("stock.stock_movements", "moved_at", "quantity"),
    ("crm.clients", "created_at", "country"),
];

/// Maximum shares of the first export that the second one may cost.
const MAX_CPU_SHARE: f64 = 0.15;
const MAX_BYTES_SHARE: f64 = 0.05;

/// Costs of reading the whole sample once.
struct Cost {
    name: &'static str,
    wall_secs: f64,
    /// Processor time of the server, without the sessions of the store, which is in the same server here.
    cpu_secs: f64,
    /// Processor time of the sessions of the store.
    store_cpu_secs: f64,
    /// Bytes that the server sent of the tables.
    bytes: u64,
    /// Statements of the source role, in seconds of the server.
    source_secs: Option<f64>,
    chunks: String,
}

/// Role of the sessions of the store.
const STORE_ROLE: &str = "sluice_store";

/// Times of one act.
struct Times {
    wall_secs: f64,
    cpu_secs: f64,
    store_cpu_secs: f64,
}

/// Runs the comparison and prints the table.
pub(super) fn run(scale: f64) -> Result<ExitCode> {
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    binaries::build()?;
    let (guard, stack) = start(&StackSpec::sample(NAME, scale), &venv)?;
    let catalog = promise_nothing(&stack, &venv)?;
    let database = Database { psql: stack.postgres_bin.join("psql"), url: stack.owner_url.clone() };
    let oracle = Oracle {
        python: venv.python(),
        catalog,
        tenant: TENANT.to_owned(),
        start: FIRST_DAY.to_owned(),
        end: LAST_DAY.to_owned(),
    };
    let selects = selects(&database, &oracle)?;
    sql(&stack, "create extension if not exists pg_stat_statements")?;
    sql(&stack, "vacuum (analyze)")?;
    let mut costs = vec![by_psql(&stack, &selects)?, export(&stack, "first export", false)?];
    sql(&stack, &touch("order by AGE desc"))?;
    costs.push(export(&stack, "again, newest 1 % of five tables changed", false)?);
    costs.push(export(&stack, "again, nothing changed", false)?);
    sql(&stack, &touch("order by md5(t::text)"))?;
    costs.push(export(&stack, "again, 1 % of five tables changed at random", false)?);
    costs.push(export(&stack, "again, everything read (no-cache)", true)?);
    let rows = sql(&stack, "select count(*) from shop.orders")?;
    drop(guard);
    println!(
        "\n{}, orders {rows} rows, no settle_after\n\n{}\n{}",
        proc::machine(),
        render(&costs),
        verdict(&costs)
    );
    Ok(ExitCode::SUCCESS)
}

/// Applies the sample's catalog without `settle_after`. Returns the file.
fn promise_nothing(stack: &Stack, venv: &Venv) -> Result<std::path::PathBuf> {
    let sample = fs::read_to_string(paths::root().join("infra/sample/catalog.toml"))?;
    let kept: Vec<&str> = sample.lines().filter(|line| !line.starts_with("settle_after")).collect();
    let file = stack.work_dir.join("catalog.toml");
    fs::write(&file, kept.join("\n") + "\n")?;
    admin::expect(stack, venv, &["catalog", "apply", &file.to_string_lossy()])?;
    Ok(file)
}

/// Returns the statements that write a hundredth of the rows of each table again. `AGE` in `order` is the column of the
/// range.
fn touch(order: &str) -> String {
    let statement = |(table, age, column): &(&str, &str, &str)| {
        let order = order.replace("AGE", age);
        format!(
            "update {table} set {column} = {column} where (tableoid, ctid) in \
             (select tableoid, ctid from {table} t {order} limit (select count(*) / 100 from {table}))"
        )
    };
    TOUCHED.iter().map(statement).collect::<Vec<_>>().join("; ")
}

/// Runs statements as the owner and returns the first cell of the last result.
fn sql(stack: &Stack, statements: &str) -> Result<String> {
    let mut psql = environment::command(stack.postgres_bin.join("psql"));
    psql.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-d", &stack.owner_url, "-c", statements]);
    let output = psql.output().context("cannot start psql")?;
    signals::check()?;
    if !output.status.success() {
        bail!("psql failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Measures what happens in `act`. Returns its result with wall time and processor times of the server.
fn measured<T>(stack: &Stack, act: impl FnOnce() -> Result<T>) -> Result<(T, Times)> {
    let postmaster = *stack.pids.get(POSTGRES).context("the stack has no PostgreSQL")?;
    let cpu = || (proc::cpu_secs(postmaster), proc::cpu_secs_of(postmaster, STORE_ROLE));
    let (begun, before) = (Instant::now(), cpu());
    let result = act()?;
    let (wall_secs, after) = (begun.elapsed().as_secs_f64(), cpu());
    // The pooler may have closed a session in between, whose time then counts for the source.
    let store_cpu_secs = (after.1 - before.1).max(0.0);
    Ok((result, Times { wall_secs, cpu_secs: after.0 - before.0 - store_cpu_secs, store_cpu_secs }))
}

/// Reads every dataset with one `psql`, as CSV.
fn by_psql(stack: &Stack, selects: &BTreeMap<String, String>) -> Result<Cost> {
    let step = Step::start("Reading all datasets with psql");
    let script = stack.work_dir.join("psql.sql");
    let copies =
        selects.values().map(|select| format!("copy (\n{select}\n) to stdout (format csv, header);\n"));
    fs::write(&script, copies.collect::<String>())?;
    let read = || {
        let mut psql = environment::command(stack.postgres_bin.join("psql"));
        psql.args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", &stack.owner_url, "-f"]).arg(&script);
        let mut child = psql.stdout(Stdio::piped()).spawn().context("cannot start psql")?;
        let mut rows = child.stdout.take().context("psql has no output")?;
        let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0_u64);
        loop {
            match rows.read(&mut buffer)? {
                0 => break,
                n => bytes += n as u64,
            }
        }
        if !child.wait()?.success() {
            bail!("psql failed; see its message above");
        }
        Ok(bytes)
    };
    let (bytes, Times { wall_secs, cpu_secs, store_cpu_secs }) = measured(stack, read)?;
    signals::check()?;
    step.done("read");
    let name = "psql, csv";
    Ok(Cost { name, wall_secs, cpu_secs, store_cpu_secs, bytes, source_secs: None, chunks: String::new() })
}

/// Exports the sample to its end, without a download.
fn export(stack: &Stack, name: &'static str, everything: bool) -> Result<Cost> {
    let step = Step::start(&format!("Exporting: {name}"));
    sql(stack, "select pg_stat_statements_reset()")?;
    let log = File::create(stack.work_dir.join("sluice.log"))?;
    let act = || {
        let mut sluice = environment::command(paths::binaries()?.join("sluice"));
        sluice.args(["--json", "export", "*", "--from", FIRST_DAY, "--to", LAST_DAY, "--no-download"]);
        sluice.args(["--progress", "none"]).args(if everything { &["--reuse", "none"][..] } else { &[] });
        sluice.env("SLUICE_URL", &stack.url).env("SLUICE_KEY", &stack.key).stderr(log);
        let output = sluice.output().context("cannot start sluice")?;
        if !output.status.success() {
            bail!("the export failed; see {}", stack.work_dir.join("sluice.log").display());
        }
        serde_json::from_slice::<Value>(&output.stdout).context("sluice printed no JSON")
    };
    let (output, Times { wall_secs, cpu_secs, store_cpu_secs }) = measured(stack, act)?;
    signals::check()?;
    let export = &output["export"];
    let id = export["id"].as_str().context("the export has no id")?;
    let read = "select coalesce(sum(c.source_bytes), 0) from sluice.link l join sluice.chunk c on c.id = l.chunk_id \
                where not l.unchanged and not l.reused";
    let bytes = sql(stack, &format!("{read} and l.export_id = '{id}'"))?.parse()?;
    let statements = "select coalesce(sum(s.total_exec_time), 0) / 1000 from pg_stat_statements s \
                      join pg_roles r on r.oid = s.userid where r.rolname = 'sluice_source'";
    let source_secs = sql(stack, statements)?.parse().ok();
    let chunks = &export["progress"]["chunks"];
    step.done(&format!("{chunks}"));
    let chunks = format!("{} of {}", chunks["unchanged"].as_u64().unwrap_or(0), chunks["total"]);
    if let Some(file) = std::env::var_os("SLUICE_BENCH_STATEMENTS") {
        let list = "select string_agg(concat_ws(' | ', r.rolname, round(total_exec_time), calls, left(query, 160)), chr(10) order by total_exec_time desc) \
                    from (select * from pg_stat_statements order by total_exec_time desc limit 40) s join pg_roles r on r.oid = s.userid";
        let text = format!("== {name}\n{}\n", sql(stack, list)?);
        let mut kept = fs::read_to_string(&file).unwrap_or_default();
        kept.push_str(&text);
        fs::write(&file, kept)?;
    }
    Ok(Cost { name, wall_secs, cpu_secs, store_cpu_secs, bytes, source_secs, chunks })
}

fn render(costs: &[Cost]) -> String {
    let head = [
        "",
        "wall s",
        "source CPU s",
        "store CPU s",
        "source statements s",
        "MB from the source",
        "chunks unchanged",
    ];
    let mut table = Table::new(&head);
    for cost in costs {
        table.row([
            cost.name.to_owned(),
            number(Some(cost.wall_secs), 1),
            number(Some(cost.cpu_secs), 2),
            number(Some(cost.store_cpu_secs), 2),
            number(cost.source_secs, 2),
            number(Some(megabytes(cost.bytes)), 1),
            cost.chunks.clone(),
        ]);
    }
    table.render()
}

/// Compares the export after the change with the first one.
fn verdict(costs: &[Cost]) -> String {
    let [_, first, second, ..] = costs else { return String::new() };
    let (cpu, bytes) = (second.cpu_secs / first.cpu_secs, second.bytes as f64 / first.bytes.max(1) as f64);
    let word = |share: f64, must: f64| if share <= must { "reached" } else { "missed" };
    let line = |what: &str, share: f64, must: f64| {
        let (percent, most) = (share * 100.0, must * 100.0);
        format!("{what}: {percent:.1} % of the first export, goal {most:.0} %: {}\n", word(share, must))
    };
    line("database CPU", cpu, MAX_CPU_SHARE) + &line("bytes", bytes, MAX_BYTES_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_first_export() {
        let cost = |cpu_secs, bytes| Cost {
            name: "x",
            wall_secs: 1.0,
            cpu_secs,
            store_cpu_secs: 0.0,
            bytes,
            source_secs: None,
            chunks: String::new(),
        };
        let text = verdict(&[cost(9.0, 9), cost(10.0, 1_000), cost(1.0, 60)]);
        assert!(text.contains("database CPU: 10.0 % of the first export, goal 15 %: reached"), "{text}");
        assert!(text.contains("bytes: 6.0 % of the first export, goal 5 %: missed"), "{text}");
    }

    #[test]
    fn every_touched_table_is_one_of_the_sample() {
        let catalog = fs::read_to_string(paths::root().join("infra/sample/catalog.toml")).unwrap();
        for (table, age, _) in TOUCHED {
            assert!(catalog.contains(&format!("\"{table}\"\nrange_column = \"{age}\"")), "{table} {age}");
        }
        assert_eq!(touch("order by AGE").matches("update ").count(), TOUCHED.len());
    }
}
