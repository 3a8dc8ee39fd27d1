//! The AWS emulator: S3, SQS, Lambda, HTTP API, schedules and CloudFormation, on loopback only.

use anyhow::Result;

use crate::stack::Stack;
use crate::venv::Venv;
use crate::{place, process, surroundings};

/// The folder of injected faults in a stack's own.
pub(crate) const FAULTS: &str = "faults";

/// Starts it under an environment of its own: functions inherit all of it. Fills in the stack's AWS fields.
pub(crate) fn start(stack: &mut Stack, venv: &Venv) -> Result<()> {
    let port = process::free_port()?;
    stack.aws_endpoint = format!("http://127.0.0.1:{port}");
    stack.region = "us-east-1".to_owned();
    stack.access_key = "test".to_owned();
    stack.secret_key = "test".to_owned();
    let mut command = surroundings::command(venv.python());
    command
        .arg(place::script("emulator.py"))
        .arg(stack.mark())
        .current_dir(&stack.ground)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", &stack.ground)
        .env("TMPDIR", stack.ground.join("tmp"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
        .env("GATEWAY_PORT", port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "localhost")
        .env("AUTH", "true")
        .env("IOT_MTLS_ENABLED", "0")
        // Tests say here what shall fail; see `ports::fault`. No template sets it.
        .env("SLUICE_FAULTS", stack.ground.join(FAULTS))
        // Functions find the emulator by this one.
        .env("AWS_ENDPOINT_URL", &stack.aws_endpoint);
    let log = stack.ground.join("emulator.log");
    let pid = process::start(command, &log)?;
    stack.started("emulator", pid)?;
    process::await_port(port, pid, &stack.mark(), &log)
}
