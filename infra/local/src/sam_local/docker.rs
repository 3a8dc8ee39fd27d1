//! A Docker daemon: the one that runs on this machine, or one of our own that ends with the command.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::progress::Step;
use crate::{place, prerequisites, process, signals, surroundings, user};

/// A daemon makes its network before it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon that answers. One of our own stops with this value; what it holds of images stays for the next run.
pub(super) struct Docker {
    own: Option<Own>,
}

struct Own {
    pid: u32,
    /// Stands on its command line.
    data: PathBuf,
    /// Sockets and pid; gone at the end.
    run: PathBuf,
}

impl Docker {
    /// Finds the daemon of this machine, or starts one where there is none and root makes that possible.
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
                "no Docker daemon answers, and only root can start one: start it (`sudo systemctl start docker`) and be in \
                 the group docker, or run this as root with dockerd installed (`apt-get install docker.io debootstrap`)"
            );
        };
        let step = Step::start("Starting a Docker daemon of our own");
        let data = kept()?.join("data");
        // Short: the path of a socket may have a hundred characters.
        let run = std::env::temp_dir().join(format!("sluice-docker-{}", std::process::id()));
        for folder in [&data, &run] {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let mut command = surroundings::command(dockerd);
        command.arg("--data-root").arg(&data).arg("--exec-root").arg(run.join("exec"));
        command.arg("--pidfile").arg(run.join("pid"));
        command.arg("--host").arg(format!("unix://{}", run.join("docker.sock").display()));
        let log = kept()?.join("dockerd.log");
        let pid = process::start(command, &log)?;
        let docker = Self { own: Some(Own { pid, data, run }) };
        let begun = Instant::now();
        while !docker.answers() {
            signals::check()?;
            if begun.elapsed() > PATIENCE {
                bail!("dockerd does not answer; see {}", log.display());
            }
            thread::sleep(Duration::from_millis(200));
        }
        step.done("started");
        Ok(docker)
    }

    /// What `DOCKER_HOST` must be; `None` is whatever it is.
    pub(super) fn host(&self) -> Option<String> {
        self.own.as_ref().map(|own| format!("unix://{}", own.run.join("docker.sock").display()))
    }

    /// Is it ours, with nobody else's images in it?
    pub(super) fn is_ours(&self) -> bool {
        self.own.is_some()
    }

    /// Its client, with these words.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut docker = surroundings::command("docker");
        docker.args(args);
        if let Some(host) = self.host() {
            docker.env("DOCKER_HOST", host);
        }
        docker
    }

    /// This machine's address in the network of its containers.
    pub(super) fn gateway(&self) -> Result<Ipv4Addr> {
        let format = "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}} {{end}}";
        let output = self.command(&["network", "inspect", "bridge", "--format", format]).output()?;
        gateway_of(&String::from_utf8_lossy(&output.stdout))
            .context("Docker's network `bridge` has neither gateway nor subnet of version 4")
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

/// Where images stay between two runs.
pub(super) fn kept() -> Result<PathBuf> {
    Ok(place::home()?.join("docker"))
}

/// The first gateway that is told. A daemon that has just made its network tells the subnet alone; its first address is the
/// gateway then.
fn gateway_of(told: &str) -> Option<Ipv4Addr> {
    let words = || told.split_whitespace();
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
    fn the_gateway_is_told_or_the_first_of_the_subnet() {
        let address = |text: &str| Some(text.parse().unwrap());
        assert_eq!(gateway_of("172.17.0.9 172.17.0.0/16 \n"), address("172.17.0.9"));
        assert_eq!(gateway_of(" 172.17.0.0/16 \n"), address("172.17.0.1"));
        assert_eq!(gateway_of("fe80::1 fe80::/64 172.18.0.1 172.18.0.0/16"), address("172.18.0.1"));
        assert_eq!(gateway_of(" fe80::/64 10.1.0.0/24"), address("10.1.0.1"));
        assert_eq!(gateway_of("\n"), None);
    }
}
