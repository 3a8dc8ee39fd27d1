//! Programs that must be installed before anything starts: Python and PgBouncer. Redis, nginx, and for tests PostgreSQL
//! 15 and Chromium, are optional.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{env, fs};

use anyhow::{Result, bail};

use super::progress::Step;
use super::{environment, process, user};

const PYTHONS: [&str; 6] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
/// Debian's folder of the programs of this version.
const POSTGRESQL_15: &str = "/usr/lib/postgresql/15/bin";
const SYSTEM_FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/opt/homebrew/bin"];

/// Finds a Python that is new enough.
pub(crate) fn python() -> Result<PathBuf> {
    let new_enough = |python: &PathBuf| {
        let check = ["-c", "import sys; sys.exit(sys.version_info < (3, 10))"];
        environment::command(python)
            .args(check)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    match PYTHONS.iter().filter_map(|name| find(name)).find(new_enough) {
        Some(python) => Ok(python),
        None => bail!("Python 3.10 or newer is needed: install python3 (and python3-venv) and try again"),
    }
}

/// Finds PgBouncer, and installs it if apt and root make that possible.
pub(crate) fn pgbouncer() -> Result<PathBuf> {
    if let Some(found) = find("pgbouncer") {
        return Ok(found);
    }
    if user::is_root() && find("apt-get").is_some() {
        let step = Step::start("Installing PgBouncer with apt-get");
        install_service("pgbouncer")?;
        step.done("installed");
    }
    match find("pgbouncer") {
        Some(found) => Ok(found),
        None => bail!(
            "PgBouncer is needed: `sudo apt-get install pgbouncer`, `sudo dnf install pgbouncer` or \
             `brew install pgbouncer`, then try again"
        ),
    }
}

/// Returns true if PgBouncer restores further settings of a client (`track_extra_parameters`, since 1.20).
pub(crate) fn pgbouncer_tracks_settings() -> bool {
    let output =
        find("pgbouncer").and_then(|found| environment::command(found).arg("--version").output().ok());
    output.is_some_and(|output| is_from_1_20(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads the first line of `pgbouncer --version`, such as `PgBouncer 1.18.0`.
fn is_from_1_20(printed: &str) -> bool {
    let version = printed.lines().next().and_then(|line| line.split(' ').next_back()).unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    (numbers.next(), numbers.next()) >= (Some(1), Some(20))
}

/// Finds Redis or Valkey, if installed.
pub(crate) fn redis() -> Option<PathBuf> {
    find("redis-server").or_else(|| find("valkey-server"))
}

/// Finds nginx, if it is installed with the module for authorization subrequests.
pub(crate) fn nginx() -> Option<PathBuf> {
    let found = find("nginx")?;
    let said = environment::command(&found).arg("-V").output().ok()?;
    String::from_utf8_lossy(&said.stderr).contains("http_auth_request_module").then_some(found)
}

/// Finds Chromium or Chrome, if installed.
pub(crate) fn chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].into_iter().find_map(find)
}

/// Finds the browser in which the page is tested, and installs Chromium if apt and root make that possible.
pub(crate) fn installed_chromium() -> Option<PathBuf> {
    if chromium().is_none() && user::is_root() && find("apt-get").is_some() {
        let step = Step::start("Installing Chromium with apt-get");
        let outcome = install_service("chromium")
            .map_or_else(|error| format!("{error:#}"), |()| "installed".to_owned());
        step.done(&outcome);
    }
    chromium()
}

/// Installs Redis if apt and root make that possible. Otherwise prints once that there is none.
pub(crate) fn install_redis() {
    install_guest("Redis", "redis-server", redis, "a shared cache");
}

/// Installs nginx if apt and root make that possible. Otherwise prints once that there is none.
pub(crate) fn install_nginx() {
    install_guest("nginx", "nginx", nginx, "a CDN");
}

fn install_guest(name: &str, package: &str, installed: fn() -> Option<PathBuf>, what: &str) {
    if installed().is_none() && user::is_root() && find("apt-get").is_some() {
        let step = Step::start(&format!("Installing {name} with apt-get"));
        let said =
            install_service(package).map_or_else(|error| format!("{error:#}"), |()| "installed".to_owned());
        step.done(&said);
    }
    if installed().is_none() {
        eprintln!("▸ {name} is not installed, so the stack runs without {what}: install {package} to add it");
    }
}

/// Installs a package and stops the service it starts, which would only occupy a port here.
fn install_service(package: &str) -> Result<()> {
    apt_get(&["update", "-qq"])?;
    apt_get(&["install", "-y", "-qq", "--no-install-recommends", package])?;
    if let Some(systemctl) = find("systemctl") {
        let _ = environment::command(systemctl).args(["disable", "--now", package]).output();
    }
    Ok(())
}

/// Finds the programs of PostgreSQL 15, and installs them if apt has them and root makes that possible.
pub(crate) fn postgresql_15() -> Option<PathBuf> {
    let programs = Path::new(POSTGRESQL_15);
    if !programs.join("postgres").is_file() && user::is_root() && find("apt-get").is_some() {
        let step = Step::start("Installing PostgreSQL 15 with apt-get");
        let said =
            install_postgresql_15().map_or_else(|error| format!("{error:#}"), |()| "installed".to_owned());
        step.done(&said);
    }
    programs.join("postgres").is_file().then(|| programs.to_path_buf())
}

fn install_postgresql_15() -> Result<()> {
    apt_get(&["update", "-qq"])?;
    // Without this setting the package would start its own server. The package that reads the setting is installed
    // first.
    apt_get(&["install", "-y", "-qq", "--no-install-recommends", "postgresql-common"])?;
    let folder = Path::new("/etc/postgresql-common/createcluster.d");
    let ours = folder.join("sluice.conf");
    fs::create_dir_all(folder)?;
    fs::write(&ours, "create_main_cluster = false\n")?;
    let installed = apt_get(&["install", "-y", "-qq", "--no-install-recommends", "postgresql-15"]);
    fs::remove_file(&ours)?;
    installed
}

fn apt_get(args: &[&str]) -> Result<()> {
    let mut command = environment::command("apt-get");
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).stdout(Stdio::null());
    process::run(&mut command, "install it by hand and try again")
}

/// Finds a program on the PATH or in the usual folders of system programs.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders =
        env::split_paths(&path).chain(SYSTEM_FOLDERS.iter().map(|&folder| Path::new(folder).to_path_buf()));
    folders.map(|folder| folder.join(name)).find(|file| fs::metadata(file).is_ok_and(|meta| meta.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_of_pgbouncer_is_compared_by_number() {
        assert!(!is_from_1_20("PgBouncer 1.18.0\nlibevent 2.1.12-stable (epoll)\n"));
        assert!(!is_from_1_20("PgBouncer 1.9.0\n") && !is_from_1_20(""));
        assert!(is_from_1_20("PgBouncer 1.20.1\n") && is_from_1_20("PgBouncer 2.0.0\n"));
    }
}
