//! Redis, if installed: the cache that the api's environments share. The stack also works without it.

use std::os::unix::process::CommandExt;
use std::time::Duration;

use anyhow::{Context, Result};

use super::state::{Ending, Stack};
use crate::machine::user::User;
use crate::machine::{prerequisites, process, secret_files};

/// Name of its process.
pub(crate) const NAME: &str = "redis";

/// Writes the settings and starts Redis. Fills in the stack's Redis URL, or leaves it empty if Redis is not installed.
pub(crate) fn start(stack: &mut Stack) -> Result<()> {
    if prerequisites::redis().is_none() {
        return Ok(());
    }
    let password = secret_files::password()?;
    stack.redis_port = process::free_port()?;
    let file = stack.work_dir.join("redis.conf");
    let work_dir = stack.work_dir.display();
    let port = stack.redis_port;
    // Nothing is written to disk: a cache may lose its contents.
    let settings = format!(
        "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir \"{work_dir}\"\nsave \"\"\nappendonly no\ndaemonize no\n\
         maxmemory 64mb\nmaxmemory-policy allkeys-lru\n"
    );
    secret_files::write(&file, settings, User::unprivileged()?)?;
    stack.redis_url = format!("redis://:{password}@127.0.0.1:{port}");
    launch(stack)
}

/// Starts it again on its old port, empty. Does nothing in a stack without Redis.
pub(crate) fn restart(stack: &mut Stack) -> Result<()> {
    stop(stack);
    if stack.redis_url.is_empty() {
        return Ok(());
    }
    launch(stack)
}

/// Stops it until it is restarted.
pub(crate) fn stop(stack: &Stack) {
    stack.end(NAME, Duration::from_secs(5));
}

fn launch(stack: &mut Stack) -> Result<()> {
    let program = prerequisites::redis().context("redis-server is not running")?;
    let log = stack.work_dir.join("redis.log");
    let mut command = User::unprivileged()?.command(program);
    // Redis replaces its command line by a title that begins with this name, which thus keeps the stack's mark.
    command.arg0(stack.work_dir.join("redis-server"));
    command.arg(stack.work_dir.join("redis.conf")).current_dir(&stack.work_dir).env_clear();
    let pid = process::start(command, &log)?;
    stack.started(NAME, Ending::Terminate, pid)?;
    process::await_port(stack.redis_port, pid, &stack.mark(), &log)
}
