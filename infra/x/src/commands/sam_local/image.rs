//! The image that `sam local` puts a function into: AWS's own if Docker has it, otherwise one built here.
//!
//! Nothing is pulled. The image built here is a small Debian under the same name, with the folders that the runtime
//! expects. It is built only in a daemon started here, so that it cannot be mistaken for the real one.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::docker::{self, Docker};
use crate::binaries::Architecture;
use crate::machine::progress::Step;
use crate::machine::{environment, prerequisites, process, signals};

const REPOSITORY: &str = "public.ecr.aws/lambda/provided:al2023";
/// Debian release. Its C library (2.36) is newer than Amazon Linux 2023's (2.34), which the binaries are linked for.
const RELEASE: &str = "bookworm";
/// Folders that the runtime reads.
const FOLDERS: [&str; 3] = ["var/task", "var/runtime", "opt"];

/// Builds the image unless it exists.
pub(super) fn ready(docker: &Docker) -> Result<()> {
    let image = format!("{REPOSITORY}-{}", Architecture::here().name());
    let mut inspect = docker.command(&["image", "inspect", &image]);
    if inspect.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
        return Ok(());
    }
    if !docker.is_ours() {
        bail!("Docker does not have the image that functions run in: `docker pull {image}`");
    }
    if prerequisites::find("debootstrap").is_none() {
        bail!("debootstrap is needed to create an image: `apt-get install debootstrap`, then try again");
    }
    let step =
        Step::start("Creating an image to run functions in (debootstrap); it is kept for the next run");
    let root = docker::kept()?.join("rootfs");
    if root.exists() {
        fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))?;
    }
    let mut debootstrap = environment::command("debootstrap");
    debootstrap.args(["--variant=minbase", "--include=ca-certificates", RELEASE]).arg(&root);
    process::run(debootstrap.stdout(Stdio::null()), "check that a Debian mirror can be reached")?;
    signals::check()?;
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder))?;
    }
    let mut tar = environment::command("tar");
    let mut tar = tar.arg("-C").arg(&root).args(["-c", "."]).stdout(Stdio::piped()).spawn()?;
    let files = tar.stdout.take().context("tar without an output")?;
    let imported = docker.command(&["import", "-", &image]).stdin(files).stdout(Stdio::null()).status();
    if !tar.wait()?.success() || !imported?.success() {
        bail!("the image could not be created; see above");
    }
    fs::remove_dir_all(&root)?;
    step.done("made");
    Ok(())
}
