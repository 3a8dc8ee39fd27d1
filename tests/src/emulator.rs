//! One call to a service of a stack's emulator, with boto3.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Script that makes the call.
const CALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/emulator/call.py");

/// Calls the emulator of the stack whose `stack.json` is `described`; returns its response.
///
/// # Panics
/// If the call fails: the test cannot continue.
pub fn aws(described: &Value, service: &str, operation: &str, arguments: &Value) -> Value {
    let python = std::env::var("SLUICE_PYTHON").expect("run the tests with `cargo x test`");
    let job = json!({"stack": described, "service": service, "operation": operation, "arguments": arguments});
    let mut command = Command::new(python);
    command.arg(CALL).env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("Python starts");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(job.to_string().as_bytes()).expect("the script reads its input");
    drop(input);
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "{service} {operation}");
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}
