//! The AWS emulator: S3, SQS, Lambda, HTTP API, schedules and CloudFormation, on loopback only.

use std::fs;

use anyhow::Result;

use super::state::{Ending, Stack};
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, process};

/// Name of its process.
pub(super) const NAME: &str = "emulator";
/// Name of the folder of injected faults within the stack's folder.
const FAULTS: &str = "faults";
/// Name of the folder of the bucket's objects within the stack's folder.
const OBJECTS: &str = "objects";

/// Starts the emulator with a controlled environment, because functions inherit all of it. Fills in the stack's AWS
/// fields.
pub(crate) fn start(stack: &mut Stack, worker_niceness: u8, venv: &Venv) -> Result<()> {
    let port = process::free_port()?;
    let faults = stack.data(FAULTS)?;
    fs::create_dir_all(&faults)?;
    let objects = stack.data(OBJECTS)?;
    stack.aws_endpoint = format!("http://127.0.0.1:{port}");
    stack.region = "us-east-1".to_owned();
    stack.access_key = "test".to_owned();
    stack.secret_key = "test".to_owned();
    let mut command = environment::command(venv.python());
    command
        .arg(paths::script("emulator/emulator.py"))
        .arg(stack.mark())
        .current_dir(&stack.work_dir)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", &stack.work_dir)
        .env("TMPDIR", stack.work_dir.join("tmp"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
        .env("GATEWAY_PORT", port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "localhost")
        .env("AUTH", "true")
        .env("IOT_MTLS_ENABLED", "0")
        // Objects in memory would limit exports to what this machine has of it.
        .env("S3_PERSIST", "1")
        .env("S3_DATA_DIR", objects)
        // Tests write the faults to inject here, see `ports::fault`. No template sets the variable.
        .env("SLUICE_FAULTS", faults)
        // Webhooks may be tried with a receiver on this machine.
        .env("SLUICE_WEBHOOK_LOOPBACK", "1")
        .env("SLUICE_WORKER_NICENESS", worker_niceness.to_string())
        // Functions find the emulator by this variable.
        .env("AWS_ENDPOINT_URL", &stack.aws_endpoint);
    let log = stack.work_dir.join("emulator.log");
    let pid = process::start(command, &log)?;
    stack.started(NAME, Ending::Terminate, pid)?;
    process::await_port(port, pid, &stack.mark(), &log)
}
