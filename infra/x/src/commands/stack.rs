//! `cargo x stack`: everything that is done to one stack.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::admin::{self, AdminArgs};
use super::deployment::{self, RedeployArgs};
use super::invoke::{self, InvokeArgs};
use super::logs::{self, LogsArgs};
use super::options::Named;
use super::service::{self, ServiceArgs, StopArgs};
use super::up::{self, UpArgs};

/// Commands of `cargo x stack`. Each is also a command of its own.
#[derive(Subcommand)]
pub(crate) enum OnStack {
    /// Start a stack: PostgreSQL, pooler, AWS emulator, deployed template, sample data. Ctrl-C stops it.
    Up(UpArgs),
    /// Stop a stack that was started with --detach or left running.
    Down(Named),
    /// Deploy a running stack again: the current binaries, and parameters changed by --set.
    Redeploy(RedeployArgs),
    /// Delete the deployment of a running stack, as `sam delete` does; `redeploy` creates it again.
    Undeploy(Named),
    /// Call the admin function of a running stack: migrate, check, catalog apply FILE, keys create TENANT ...
    Admin(Box<AdminArgs>),
    /// Invoke a function of a running stack.
    Invoke(InvokeArgs),
    /// Print the logs of the functions of a running stack.
    Logs(LogsArgs),
    /// Restart a part of a running stack on the same port.
    Restart(ServiceArgs),
    /// Stop a part of a running stack until it is started again.
    Stop(StopArgs),
    /// Start a stopped part of a running stack on the same port.
    Start(ServiceArgs),
}

/// Runs one of them.
pub(crate) fn run(command: OnStack) -> Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        OnStack::Up(args) => up::run(&args).map(done),
        OnStack::Down(named) => up::down(&named.name).map(done),
        OnStack::Redeploy(args) => deployment::redeploy(&args).map(done),
        OnStack::Undeploy(named) => deployment::undeploy(&named.name).map(done),
        OnStack::Admin(args) => admin::run(*args),
        OnStack::Invoke(args) => invoke::run(&args),
        OnStack::Logs(args) => logs::run(&args),
        OnStack::Restart(args) => service::restart(&args).map(done),
        OnStack::Stop(args) => service::stop(&args).map(done),
        OnStack::Start(args) => service::start(&args).map(done),
    }
}
