//! `sluice completions`: the script with which a shell completes commands and options.

use clap_complete::Shell;

use super::outcome::{Failure, Outcome};

const EXAMPLES: &str = "Examples:
  sluice completions bash > ~/.local/share/bash-completion/completions/sluice
  sluice completions zsh > ~/.zfunc/_sluice          with fpath+=~/.zfunc before compinit in ~/.zshrc
  sluice completions fish > ~/.config/fish/completions/sluice.fish
  sluice completions powershell >> $PROFILE";

/// Print the completions for a shell
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice completions [OPTIONS] <SHELL>", after_help = EXAMPLES)]
pub(super) struct Completions {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, mut command: clap::Command) -> Result<Outcome, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "sluice", &mut script);
        let script = String::from_utf8(script).map_err(|error| Failure::Local(error.to_string()))?;
        Ok(Outcome::verbatim(script))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, ValueEnum};

    #[test]
    fn every_shell_completes_every_command() {
        for shell in Shell::value_variants() {
            let command = crate::cli::Arguments::command();
            let names: Vec<_> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
            let script = Completions { shell: *shell }.run(command).unwrap();
            for name in names {
                assert!(script.text().contains(&name), "{shell}: {name}");
            }
        }
    }
}
