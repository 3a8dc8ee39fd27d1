//! Target processor of a build, and the check that Rust can compile for it here.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::machine::{environment, paths};

/// Values of the template's parameter `Architecture`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    Arm64,
    X86_64,
}

impl Architecture {
    /// Returns the architecture of this machine.
    pub(crate) fn here() -> Self {
        if std::env::consts::ARCH == "aarch64" { Self::Arm64 } else { Self::X86_64 }
    }

    /// Returns the architecture requested by the arguments of `sam build`, or the template's default.
    pub(crate) fn wanted(args: &[String]) -> Self {
        Self::requested(args).unwrap_or(Self::Arm64)
    }

    /// Returns the architecture in the arguments of `sam build` or `sam deploy`. Without one, `sam deploy` keeps the deployed
    /// architecture.
    pub(crate) fn requested(args: &[String]) -> Option<Self> {
        let words: Vec<_> = args.iter().flat_map(|arg| arg.split_whitespace()).collect();
        let asked = |word: &str, name: &str| {
            [format!("Architecture={name}"), format!("ParameterKey=Architecture,ParameterValue={name}")]
                .iter()
                .any(|said| word.replace(['"', '\''], "").ends_with(said))
        };
        [Self::X86_64, Self::Arm64].into_iter().find(|one| words.iter().any(|word| asked(word, one.name())))
    }

    /// Returns the architecture with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Arm64, Self::X86_64].into_iter().find(|one| one.name() == name)
    }

    /// Returns the template's default, or this machine's if Rust cannot compile for that one.
    pub(crate) fn buildable() -> Self {
        if Self::Arm64.installed().is_ok() { Self::Arm64 } else { Self::here() }
    }

    /// Returns the value of the template's parameter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// Returns Rust's target triple.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }

    /// Fails with a remedy if Rust's standard library for it is missing, before minutes are spent on a build.
    pub(crate) fn installed(self) -> Result<()> {
        let mut rustc = environment::command("rustc");
        rustc.args(["--print", "target-libdir", "--target", self.triple()]).current_dir(paths::root());
        let output = rustc.output().context("cannot start rustc")?;
        let library = String::from_utf8_lossy(&output.stdout);
        if output.status.success() && Path::new(library.trim()).is_dir() {
            return Ok(());
        }
        let remedy = match self {
            Self::Arm64 => {
                "; or build for the other processor, and deploy with the same parameter: \
                 `cargo x sam -- --parameter-overrides Architecture=x86_64`"
            }
            Self::X86_64 => "",
        };
        bail!(
            "Rust cannot compile for {} here, which the functions are built for: `rustup target add {}`{remedy}",
            self.name(),
            self.triple()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architecture_is_the_template_default_unless_overridden() {
        let wanted = |words: &[&str]| {
            Architecture::wanted(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(wanted(&[]), Architecture::Arm64);
        assert_eq!(wanted(&["--parameter-overrides", "Architecture=x86_64"]), Architecture::X86_64);
        assert_eq!(wanted(&["--parameter-overrides", "Budget=8 Architecture=x86_64"]), Architecture::X86_64);
        let long = "ParameterKey=Architecture,ParameterValue=x86_64";
        assert_eq!(wanted(&["--parameter-overrides", long]), Architecture::X86_64);
        assert_eq!(wanted(&["--parameter-overrides", "Architecture=arm64"]), Architecture::Arm64);
        assert_eq!(Architecture::requested(&["deploy".to_owned()]), None);
        assert_eq!(Architecture::requested(&["Architecture=arm64".to_owned()]), Some(Architecture::Arm64));
    }

    #[test]
    fn this_machine_can_build_for_itself() {
        Architecture::here().installed().unwrap();
    }
}
