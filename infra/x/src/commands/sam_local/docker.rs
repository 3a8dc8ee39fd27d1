//! A Docker daemon: the one of this machine, or one started here that ends with the command.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::machine::progress::Step;
use crate::machine::{environment, paths, prerequisites, process, signals, user};

/// Maximum wait for the daemon, which creates its network before it responds.
const DAEMON_TIMEOUT: Duration = Duration::from_secs(60);

/// A daemon that responds. One started here stops when this value is dropped. Its images are kept for the next run.
pub(super) struct Docker {
    own: Option<Own>,
}

struct Own {
    pid: u32,
    /// Data folder. Its path is part of the daemon's command line.
    data: PathBuf,
    /// Folder of sockets and pid file, removed at the end.
    run: PathBuf,
}

impl Docker {
    /// Finds the daemon of this machine, or starts one if there is none and root makes that possible.
    pub(super) fn ready() -> Result<Self> {
        if prerequisites::find("docker").is_none() {
            bail!(
                "Docker is needed for `sam local`: `sudo apt-get install docker.io debootstrap`, then try again"
            );
        }
        let running = Self { own: None };
        if running.answers() {
            return Ok(running);
        }
        let Some(dockerd) = prerequisites::find("dockerd").filter(|_| user::is_root()) else {
            bail!(
                "no Docker daemon responds, and only root can start one: start it (`sudo systemctl start docker`) and join \
                 the group docker, or run this as root with dockerd installed (`apt-get install docker.io debootstrap`)"
            );
        };
        let step = Step::start("Starting a separate Docker daemon");
        let data = kept()?.join("data");
        // Short, because the path of a socket is limited to about a hundred characters.
        let run = std::env::temp_dir().join(format!("sluice-docker-{}", std::process::id()));
        for folder in [&data, &run] {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let mut command = environment::command(dockerd);
        command.arg("--data-root").arg(&data).arg("--exec-root").arg(run.join("exec"));
        command.arg("--pidfile").arg(run.join("pid"));
        command.arg("--host").arg(format!("unix://{}", run.join("docker.sock").display()));
        let log = kept()?.join("dockerd.log");
        let pid = process::start(command, &log)?;
        let docker = Self { own: Some(Own { pid, data, run }) };
        let begun = Instant::now();
        while !docker.answers() {
            signals::check()?;
            if begun.elapsed() > DAEMON_TIMEOUT {
                bail!("dockerd does not respond; see {}", log.display());
            }
            thread::sleep(Duration::from_millis(200));
        }
        step.done("started");
        Ok(docker)
    }

    /// Returns the value for `DOCKER_HOST`. `None` keeps the current one.
    pub(super) fn host(&self) -> Option<String> {
        self.own.as_ref().map(|own| format!("unix://{}", own.run.join("docker.sock").display()))
    }

    /// Returns true if the daemon was started here, so that it holds no images of other users.
    pub(super) fn is_ours(&self) -> bool {
        self.own.is_some()
    }

    /// Returns a command of the Docker client for this daemon.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut docker = environment::command("docker");
        docker.args(args);
        if let Some(host) = self.host() {
            docker.env("DOCKER_HOST", host);
        }
        docker
    }

    /// Returns this machine's address in the network of the containers.
    pub(super) fn gateway(&self) -> Result<Ipv4Addr> {
        let format = "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}} {{end}}";
        let output = self.command(&["network", "inspect", "bridge", "--format", format]).output()?;
        gateway_of(&String::from_utf8_lossy(&output.stdout))
            .context("Docker's network `bridge` has no IPv4 gateway or subnet")
    }

    fn answers(&self) -> bool {
        let mut version = self.command(&["version"]);
        version.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        if let Some(own) = &self.own {
            process::stop(own.pid, &own.data.to_string_lossy(), Signal::TERM, Duration::from_secs(30));
            let _ = fs::remove_dir_all(&own.run);
            eprintln!("▸ Stopped the Docker daemon");
        }
    }
}

/// Returns the folder in which images are kept between two runs.
pub(super) fn kept() -> Result<PathBuf> {
    Ok(paths::home()?.join("docker"))
}

/// Parses the first gateway. A daemon that has just created its network reports only the subnet, in which case the
/// gateway is the subnet's first address.
fn gateway_of(output: &str) -> Option<Ipv4Addr> {
    let words = || output.split_whitespace();
    let first_of = |subnet: &str| {
        let network: Ipv4Addr = subnet.split_once('/')?.0.parse().ok()?;
        Some(Ipv4Addr::from(u32::from(network).checked_add(1)?))
    };
    words().find_map(|word| word.parse().ok()).or_else(|| words().find_map(first_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateway_is_given_or_first_of_the_subnet() {
        let address = |text: &str| Some(text.parse().unwrap());
        assert_eq!(gateway_of("172.17.0.9 172.17.0.0/16 \n"), address("172.17.0.9"));
        assert_eq!(gateway_of(" 172.17.0.0/16 \n"), address("172.17.0.1"));
        assert_eq!(gateway_of("fe80::1 fe80::/64 172.18.0.1 172.18.0.0/16"), address("172.18.0.1"));
        assert_eq!(gateway_of(" fe80::/64 10.1.0.0/24"), address("10.1.0.1"));
        assert_eq!(gateway_of("\n"), None);
    }
}
