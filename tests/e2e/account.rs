//! `cargo x account-test` on the emulator of a stack of its own, as far as that goes: each step runs or prints why the
//! emulator cannot show it, and nothing is left at the end.

use std::process::{Command, Output};

use serde_json::json;
use tests::{OwnStack, Stack};

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

/// Servers of a stack whose deployment was deleted.
struct Servers(OwnStack);

impl Servers {
    fn start() -> Self {
        let own = OwnStack::start("account", &["--no-cdn", "--no-pooler"], &["WorkerTimeoutSeconds=60"]);
        own.system.x(&["undeploy"]).unwrap();
        Self(own)
    }

    fn account_test(&self) -> Output {
        let Stack { work_dir, aws_endpoint, .. } = &self.0.system.stack;
        let mut command = Command::new(std::env::var("SLUICE_X").unwrap());
        command.args(["account-test", "--built"]).env("SLUICE_STACK", work_dir.join("stack.json"));
        command.env("AWS_ENDPOINT_URL", aws_endpoint).output().unwrap()
    }

    fn buckets(&self) -> Vec<String> {
        let found = self.0.aws("s3", "list_buckets", &json!({}));
        let names = found["Buckets"].as_array().unwrap().iter();
        names.map(|bucket| bucket["Name"].as_str().unwrap().to_owned()).collect()
    }
}
