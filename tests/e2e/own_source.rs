//! `cargo x up --source` and `cargo x demo --source`: the user's own server is read, and left as it was.

mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Stack, copy_csv, sorted_records};

use server::{ALL_ROWS, ENCODED, OWNER_PASSWORD, PASSWORD, RELATIONS, Server};

/// Sessions that a stack may use.
const BUDGET: &str = "2";

/// State of the server that nothing may change: relations, roles, settings of roles.
const STATE: &str =
    "select (select count(*) from pg_class) * 1000000 + (select count(*) from pg_roles) * 1000
    + (select count(*) from pg_db_role_setting)";

#[tokio::test(flavor = "multi_thread")]
async fn users_own_server_is_read_and_left_as_it_was() {
    let main = Stack::from_env().unwrap();
    let Some(server) = Server::start(&main.work_dir).await else { return };
    let folder = tempfile::tempdir().unwrap();
    unusable_servers_are_refused(&main, &server, folder.path());
    let before = server.number(STATE).await;
    exported_in_three_commands(&main, &server, folder.path()).await;
    assert_eq!(server.number(STATE).await, before);
    owner_lets_a_role_read(&main, &server, folder.path()).await;
    assert_eq!(server.number(STATE).await, before, "only the role was left, and it was dropped");
}

/// Checks the errors: each names the cause and the remedy, before anything is started.
fn unusable_servers_are_refused(main: &Stack, server: &Server, folder: &Path) {
    let good = server.url(ENCODED, "postgres");
    let other_port = good.replace(&format!(":{}/", server.port), ":1/");
    let unknown = good.split("&sslrootcert").next().unwrap().to_owned();
    let cases = [
        (server.url("wrong-word", "postgres"), "password authentication failed", "correct role and password"),
        (
            server.url(ENCODED, "nothing"),
            "database \"nothing\" does not exist",
            "correct the name of the database",
        ),
        (other_port, "Connection refused", "start the server"),
        (unknown, "certificate verify failed", "sslrootcert=FILE"),
        (server.url(ENCODED, "template1"), "can read no table", "grant select on all tables"),
        (main.source_url.clone(), "a pooler in transaction mode", "name PostgreSQL itself"),
    ];
    std::thread::scope(|scope| {
        for (number, (url, cause, remedy)) in cases.into_iter().enumerate() {
            let name = format!("{}-none-{number}", main.name);
            scope.spawn(move || {
                let words =
                    ["up", "--name", &name, "--built", "--detach", "--budget", BUDGET, "--source", &url];
                let output = x(&words, folder).output().unwrap();
                let text = printed(&output);
                assert!(
                    !output.status.success() && text.contains(cause) && text.contains(remedy),
                    "{url}: {text}"
                );
                assert!(!text.contains("wrong-word"), "{text}");
                assert!(!stack_file(&name).exists(), "{text}");
            });
        }
    });
}

/// The role has no special right. Suggests, exports and verifies all relations, and measures how long it takes.
async fn exported_in_three_commands(main: &Stack, server: &Server, folder: &Path) {
    let name = format!("{}-own", main.name);
    let catalog = folder.join("catalog.toml");
    // Not percent-encoded, as one pastes it.
    let url = server.url(PASSWORD, "postgres");
    let began = Instant::now();
    let mut up = x(&["up", "--name", &name, "--built", "--no-cdn", "--detach", "--budget", BUDGET], folder);
    up.args(["--source", &url, "--catalog"]).arg(&catalog);
    let over = AtomicBool::new(false);
    let (output, listed) = std::thread::scope(|scope| {
        let listed = scope.spawn(|| command_lines_with_the_password(&over));
        let output = up.output().unwrap();
        over.store(true, Ordering::Relaxed);
        (output, listed.join().unwrap())
    });
    let down = Down(name.clone());
    let text = printed(&output);
    assert!(output.status.success(), "{text}");
    println!("{text}\nup: {:?}", began.elapsed());
    assert!(
        text.contains("create, change or delete anything") && text.contains("with at most 2 sessions"),
        "{text}"
    );
    assert!(text.contains(&format!("may read {RELATIONS} of {} tables", RELATIONS + 1)), "{text}");
    assert!(text.contains("GB are free"), "{text}");
    assert!(!text.contains("p@:") && !text.contains("p%40"), "{text}");
    assert_eq!(listed, Vec::<String>::new());
    let described = std::fs::read_to_string(stack_file(&name)).unwrap();
    assert!(!described.contains("p@:") && !described.contains("p%40"));
    let stack: Stack = serde_json::from_str(&described).unwrap();
    let suggested = std::fs::read_to_string(&catalog).unwrap();
    assert!(suggested.starts_with("# `cargo x up --source` wrote this file, applied it"), "{suggested}");
    assert_eq!(export::catalog::Catalog::parse(&suggested).unwrap().datasets.len(), RELATIONS);

    let out = folder.join("files");
    let exported = Instant::now();
    let (said, sessions) = tokio::join!(
        tokio::task::spawn_blocking({
            let (stack, out) = (stack.clone(), out.clone());
            move || sluice(&stack, &["--json", "export", "*", "--out", out.to_str().unwrap()])
        }),
        most_sessions(server, &out),
    );
    let said: Value = serde_json::from_str(&said.unwrap()).unwrap();
    println!(
        "export: {:?}; from `up` to the files: {:?}; {sessions} sessions",
        exported.elapsed(),
        began.elapsed()
    );
    assert_eq!(said["export"]["progress"]["rows"], ALL_ROWS, "{said}");
    assert!((1..=2).contains(&sessions), "{sessions}");
    assert!(sluice(&stack, &["verify", out.to_str().unwrap()]).contains("is complete and correct"));
    equals_the_database(server, &out).await;
    let plain = "select count(*) from pg_stat_activity a join pg_stat_ssl s using (pid) where a.usename = 'odd; reader' and not s.ssl";
    assert_eq!(server.number(plain).await, 0, "all sessions are encrypted");
    let log = server.log_text();
    assert!(
        !log.lines().any(|line| line.starts_with("odd; reader ") && line.contains("statement:")),
        "{log}"
    );

    budget_is_changed(&name, &stack, folder);
    drop(down);
    let ours = "select count(*) from pg_stat_activity where usename = 'odd; reader'";
    tests::eventually("the sessions end", async || server.number(ours).await == 0).await;
    assert!(!stack.work_dir.join("source-pooler").exists(), "nothing with the password is left");
}

/// Changes the budget of the running stack, and checks that the pooler and `admin check` follow.
fn budget_is_changed(name: &str, stack: &Stack, folder: &Path) {
    let changed = x(&["redeploy", "--name", name, "--built", "--set", "Budget=3"], folder).output().unwrap();
    assert!(changed.status.success(), "{}", printed(&changed));
    let settings = std::fs::read_to_string(stack.work_dir.join("source-pooler/pgbouncer.ini")).unwrap();
    assert!(settings.contains(" pool_size=3 ") && settings.contains("max_db_connections = 3\n"));
    let checked = x(&["admin", "--name", name, "check"], folder).output().unwrap();
    let text = printed(&checked);
    assert!(
        checked.status.success() && text.contains("alter role \"odd; reader\" connection limit 3"),
        "{text}"
    );
}

/// Compares files with PostgreSQL's own output: settings of the pooler's sessions replace those of the server.
async fn equals_the_database(server: &Server, out: &Path) {
    let owner =
        format!("postgres://boss:{OWNER_PASSWORD}@localhost:{}/postgres?sslmode=require", server.port);
    for (dataset, relation) in [("a_b_1", "a.b 1"), ("order_drop_table_x_2", "order; drop table x 2")] {
        let mut ours = Vec::new();
        for file in std::fs::read_dir(out).unwrap().flatten() {
            if file.file_name().to_string_lossy().starts_with(&format!("{dataset}.")) {
                let mut text = String::new();
                let packed = std::fs::File::open(file.path()).unwrap();
                std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(packed), &mut text)
                    .unwrap();
                ours.extend(text.lines().skip(1).map(str::to_owned));
            }
        }
        ours.sort();
        let query = format!("select * from \"odd; schema\".{}", source::sql::identifier(relation));
        assert_eq!(ours, sorted_records(&copy_csv(&owner, &query).await.unwrap()), "{dataset}");
    }
}

/// With an owner, over the Unix socket: `demo` creates a role, exports what it may read and stops everything.
async fn owner_lets_a_role_read(main: &Stack, server: &Server, folder: &Path) {
    let name = format!("{}-demo", main.name);
    let role = format!("sluice_source_{}", name.replace('-', "_"));
    let owner = server.socket(&format!("boss:{OWNER_PASSWORD}"));
    let source = owner.replace(&format!("boss:{OWNER_PASSWORD}@"), "");
    let out = folder.join("demo");
    let began = Instant::now();
    let mut demo = x(&["demo", "--name", &name, "--built", "--source", &source, "--owner", &owner], folder);
    let output = demo.arg("--out").arg(&out).output().unwrap();
    let text = printed(&output);
    println!("{text}\ndemo: {:?}", began.elapsed());
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains(&format!("create role {role}")) && text.contains("verified   rows, SHA-256"),
        "{text}"
    );
    assert!(!text.contains(OWNER_PASSWORD), "{text}");
    assert!(folder.join(format!("{name}.catalog.toml")).exists(), "the suggested catalog stays");
    assert!(!stack_file(&name).exists(), "everything is stopped");
    let limit = format!("select rolconnlimit::bigint from pg_roles where rolname = '{role}'");
    assert_eq!(server.number(&limit).await, 4);
    let mut connection = server.connect().await;
    let drop = format!("drop role {role}");
    tests::eventually("the role can be dropped", async || {
        sqlx::Executor::execute(&mut connection, sqlx::AssertSqlSafe(drop.clone())).await.is_ok()
    })
    .await;
}

/// Reads the number of the reader's sessions until the export is over; returns the highest.
async fn most_sessions(server: &Server, out: &Path) -> i64 {
    let mut owner = server.connect().await;
    let (mut most, until) = (0, Instant::now() + Duration::from_secs(120));
    while !out.join("manifest.json").exists() && Instant::now() < until {
        let question = "select count(*) from pg_stat_activity where usename = 'odd; reader'";
        let now: i64 = sqlx::query_scalar(question).fetch_one(&mut owner).await.unwrap();
        most = most.max(now);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    most
}

/// Lists the command lines of processes that show the password, until it is over. The command that was typed shows it
/// until it has replaced itself.
fn command_lines_with_the_password(over: &AtomicBool) -> Vec<String> {
    let (began, mut found) = (Instant::now(), Vec::new());
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(250));
        let lines = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let lines = lines.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        let shown = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
        let shown: Vec<String> = shown.filter(|line| line.contains("p@:/?#%")).collect();
        if began.elapsed() > Duration::from_secs(2) {
            found.extend(shown);
        }
    }
    found
}

fn x(words: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(std::env::var("SLUICE_X").expect("run the tests with `cargo x test`"));
    command.args(words).current_dir(folder).stdin(Stdio::null());
    command
}

fn sluice(stack: &Stack, words: &[&str]) -> String {
    let mut command = Command::new(std::env::var("SLUICE_CLI").expect("SLUICE_CLI is set by `cargo x test`"));
    let output =
        command.args(words).env("SLUICE_URL", &stack.url).env("SLUICE_KEY", &stack.key).output().unwrap();
    assert!(output.status.success(), "{}", printed(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout))
}

fn stack_file(name: &str) -> PathBuf {
    let main = PathBuf::from(std::env::var("SLUICE_STACK").unwrap());
    main.parent().unwrap().with_file_name(name).join("stack.json")
}

/// Stops a stack when it is dropped.
struct Down(String);

impl Drop for Down {
    fn drop(&mut self) {
        let x = std::env::var("SLUICE_X").unwrap();
        let _ = Command::new(x).args(["down", "--name", &self.0]).output();
    }
}
