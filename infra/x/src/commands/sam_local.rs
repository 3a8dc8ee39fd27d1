//! `cargo x sam-local`: runs the functions as deployed, in the containers of `sam local`, on a stack of this machine.
//!
//! Opt-in, because it needs Docker, which nothing else here does. The calls are in `infra/emulator/sam_local.py`. This
//! module prepares what they need.

mod docker;
mod image;
mod relay;

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::binaries::{self, Architecture, sam};
use crate::machine::venv::Venv;
use crate::machine::{paths, prerequisites, python, signals};
use crate::stack::start::{StackSpec, start};
use crate::stack::state::port_of;
use docker::Docker;

const NAME: &str = "sam-local";
/// Scale of the sample: a month of orders is one chunk and takes a second.
const SCALE: f64 = 0.02;

/// Runs the functions. Exit code 0 only if every function responded as expected.
pub(crate) fn run() -> Result<ExitCode> {
    let (venv, tools) = (Venv::stack()?, Venv::sam()?);
    prerequisites::pgbouncer()?;
    let docker = Docker::ready()?;
    image::ready(&docker)?;
    let built = sam::build(&tools, Architecture::here())?;
    binaries::build()?;
    let (guard, stack) = start(&StackSpec::sample(NAME, SCALE), &venv)?;

    let gateway = docker.gateway()?;
    let emulator = port_of(&stack.aws_endpoint).parse().context("the emulator has no port")?;
    let mut addresses = BTreeMap::new();
    for port in [stack.direct_port, stack.pooler_port, stack.redis_port, emulator] {
        if port != 0 {
            addresses.insert(format!("127.0.0.1:{port}"), relay::start(gateway, port)?.to_string());
        }
    }
    let environments = python::call(&venv.python(), "emulator/environments.py", &json!({ "stack": stack }))?;
    let job = json!({
        "stack": stack,
        "sam": tools.program("sam"),
        "docker": docker.host(),
        "template": built.join("template.yaml"),
        "events": paths::root().join("infra/events"),
        "scratch": stack.work_dir.join("tmp"),
        "architecture": Architecture::here().name(),
        "environments": environments,
        "addresses": addresses,
    });
    let answer = python::call(&venv.python(), "emulator/sam_local.py", &job);
    drop(guard);
    drop(docker);
    signals::check()?;
    println!("\n{}", figures(&answer?));
    Ok(ExitCode::SUCCESS)
}

/// Returns the observations, one per line.
fn figures(answer: &Value) -> String {
    let lines = answer["seen"].as_array().map(Vec::as_slice).unwrap_or_default();
    lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_printed_line_by_line() {
        assert_eq!(figures(&json!({"seen": ["a: 1 ms", "b"]})), "a: 1 ms\nb");
    }
}
