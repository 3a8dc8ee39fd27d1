//! `sluice man`: the manual pages, one per command.

use std::path::PathBuf;

use serde_json::json;

use super::outcome::{Failure, Outcome};
use crate::text::count;

const EXAMPLES: &str = "Examples:
  sluice man ~/.local/share/man/man1 && man sluice-export
  sudo sluice man /usr/local/share/man/man1";

/// Write the manual pages to a directory
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice man [OPTIONS] <DIR>", after_help = EXAMPLES)]
pub(super) struct Man {
    /// Directory for the pages, which is created if it does not exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Man {
    pub(super) fn run(self, command: clap::Command) -> Result<Outcome, Failure> {
        let name = self.directory.display();
        let failed = |error: std::io::Error| Failure::Usage(format!("{name} cannot be written: {error}"));
        let pages = pages(&command);
        std::fs::create_dir_all(&self.directory)
            .and_then(|()| clap_mangen::generate_to(command.disable_help_subcommand(true), &self.directory))
            .map_err(failed)?;
        let text = format!("{} written to {name}", count(pages as u64, "page"));
        Ok(Outcome::new(text, json!({"directory": self.directory, "pages": pages})))
    }
}

/// Returns the number of pages of a command: its own, and those of its subcommands.
fn pages(command: &clap::Command) -> usize {
    command.get_subcommands().map(pages).sum::<usize>() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_has_a_page() {
        let directory = tempfile::tempdir().unwrap();
        let man = Man { directory: directory.path().join("man1") };
        let outcome = man.run(crate::cli::Arguments::command()).unwrap();
        let mut pages: Vec<_> = std::fs::read_dir(directory.path().join("man1")).unwrap().flatten().collect();
        assert_eq!(outcome.data()["pages"].as_u64(), Some(pages.len() as u64));
        pages.retain(|page| page.file_name() == "sluice-export.1");
        let text = std::fs::read_to_string(pages[0].path()).unwrap();
        assert!(text.contains("EXIT STATUS") || text.contains("Examples"), "{text}");
    }
}
