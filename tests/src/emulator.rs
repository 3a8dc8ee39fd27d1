//! Calls to a stack's emulator, by the scripts of `infra/emulator`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Folder of the scripts.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/emulator");

/// Calls a service of the emulator of the stack whose `stack.json` is `described`, with boto3; returns its response.
///
/// # Panics
/// If the call fails: the test cannot continue.
pub fn aws(described: &Value, service: &str, operation: &str, arguments: &Value) -> Value {
    script(
        "call.py",
        &json!({"stack": described, "service": service, "operation": operation, "arguments": arguments}),
    )
}

/// Runs a script with JSON on its standard input; returns the JSON that it prints.
///
/// # Panics
/// If it fails: the test cannot continue.
pub fn script(name: &str, job: &Value) -> Value {
    let python = std::env::var("SLUICE_PYTHON").expect("run the tests with `cargo x test`");
    let mut command = Command::new(python);
    command.arg(format!("{SCRIPTS}/{name}")).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(job.to_string().as_bytes()).expect("the script reads its input");
    drop(input);
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "{name} {}", job["operation"]);
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}
