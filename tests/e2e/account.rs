//! `cargo x account-test` on the emulator of a stack of its own, as far as that goes: each step runs or prints why the
//! emulator cannot show it, and nothing is left at the end.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

/// Steps that the emulator shows.
const SHOWN: [&str; 6] = ["failed-first", "deploy", "chunks", "large", "rotation", "removal"];

#[tokio::test(flavor = "multi_thread")]
async fn account_test_runs_on_the_emulator() {
    let stack = Servers::start();
    let kept = stack.buckets();
    let output = stack.account_test();
    let (table, notes) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr).into_owned());
    println!("{table}");
    assert!(output.status.success(), "{table}\n{notes}");

    let rows: Vec<Vec<&str>> = table.lines().filter(|line| line.starts_with("| ")).map(cells).collect();
    for step in SHOWN {
        let row =
            rows.iter().find(|row| row[0] == step).unwrap_or_else(|| panic!("{step} is not in the table"));
        assert_eq!(row[2], "yes", "{row:?}");
    }
    let others = rows.iter().filter(|row| row.len() == 4 && !SHOWN.contains(&row[0]) && row[0] != "step");
    let mut number = 0;
    for row in others {
        let by_hand = row[2] == "open" && row[3].starts_with("by hand: ");
        assert!(row[2] == "not here" || by_hand, "{row:?}");
        assert!(row[3].len() > 10, "{row:?} has no reason");
        number += 1;
    }
    assert!(number > 15, "{number} steps have a reason");
    let items: Vec<&str> = rows.iter().filter(|row| row.len() == 5).map(|row| row[0]).collect();
    for item in ["bucket, writes", "functions, running time", "sum"] {
        assert!(items.contains(&item), "{item} is not among {items:?}");
    }

    // The bucket of the deployment before, which the program did not make, is untouched.
    assert_eq!(stack.buckets(), kept);
}

/// Returns the cells of a row of a table.
fn cells(line: &str) -> Vec<&str> {
    let inner = line.trim_start_matches("| ").trim_end_matches(" |");
    inner.split(" | ").map(str::trim).collect()
}

/// Servers of a stack whose deployment was deleted. They stop when this value is dropped.
struct Servers {
    x: String,
    name: String,
    file: PathBuf,
    /// Contents of `stack.json`.
    described: Value,
}

impl Servers {
    fn start() -> Self {
        let x = std::env::var("SLUICE_X").expect("run the tests with `cargo x test`");
        let main = PathBuf::from(std::env::var("SLUICE_STACK").unwrap());
        let main_name = main.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let name = format!("{main_name}-account");
        let file = main.parent().unwrap().parent().unwrap().join(&name).join("stack.json");
        let mut servers = Self { x, name, file, described: Value::Null };
        let up = ["up", "--no-sample", "--built", "--detach", "--no-cdn", "--no-pooler", "--budget", "2"];
        servers.x(&[&up[..], &["--set", "WorkerTimeoutSeconds=60"]].concat());
        servers.described = serde_json::from_str(&std::fs::read_to_string(&servers.file).unwrap()).unwrap();
        servers.x(&["undeploy"]);
        servers
    }

    fn x(&self, words: &[&str]) {
        let output = Command::new(&self.x).args(words).args(["--name", &self.name]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn account_test(&self) -> std::process::Output {
        let mut command = Command::new(&self.x);
        command.args(["account-test", "--built"]).env("SLUICE_STACK", &self.file);
        command.env("AWS_ENDPOINT_URL", self.described["awsEndpoint"].as_str().unwrap());
        command.output().unwrap()
    }

    fn buckets(&self) -> Vec<String> {
        let found = tests::aws(&self.described, "s3", "list_buckets", &json!({}));
        let names = found["Buckets"].as_array().unwrap().iter();
        names.map(|bucket| bucket["Name"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = Command::new(&self.x).args(["down", "--name", &self.name]).output();
    }
}
