//! The terminal: colours, the form of progress, and messages on stderr.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::sync::OnceLock;

use clap::{ColorChoice, ValueEnum};
use console::style;
use serde_json::json;

use crate::text::{one_line, printable};

/// Form of progress on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Progress {
    /// A bar on a terminal, else lines
    #[default]
    Auto,
    /// A line every few seconds
    Lines,
    /// A JSON object per line, for programs
    Json,
    /// None
    None,
}

/// Use of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// In any case
    Always,
    /// Never
    Never,
}

static PROGRESS: OnceLock<Progress> = OnceLock::new();

/// Sets the form of progress and the use of colours for the whole process.
pub(super) fn set_up(progress: Progress, color: Color) {
    let _ = PROGRESS.set(progress);
    console::set_colors_enabled(is_colored(color, std::io::stdout().is_terminal()));
    console::set_colors_enabled_stderr(is_colored(color, std::io::stderr().is_terminal()));
}

pub(super) fn progress() -> Progress {
    PROGRESS.get().copied().unwrap_or_default()
}

/// Returns the width of the terminal that stdout is, in characters; `None` if it is none.
pub(super) fn columns() -> Option<usize> {
    console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns))
}

fn is_colored(color: Color, terminal: bool) -> bool {
    let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && unset("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb"),
    }
}

/// Returns the colours of help and usage errors, which are printed before the arguments are known.
pub(super) fn color_of_help(arguments: impl IntoIterator<Item = OsString>) -> ColorChoice {
    let words: Vec<_> = arguments.into_iter().filter_map(|word| word.into_string().ok()).collect();
    let after = |i: usize| words.get(i + 1).map(String::as_str);
    let given = words.iter().enumerate().find_map(|(i, word)| match word.strip_prefix("--color") {
        Some("") => after(i),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    });
    match given {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// Returns true if a person can answer a question. Unit tests ask none, also on a terminal.
pub(super) fn is_interactive() -> bool {
    !cfg!(test)
        && std::io::stdin().is_terminal()
        && std::io::stderr().is_terminal()
        && progress() != Progress::Json
}

/// Prints a message that is not a result.
pub(super) fn note(text: &str) {
    message("note", text, &printable(text));
}

/// Prints why the command waits.
pub(super) fn warn(text: &str) {
    message("waiting", text, &style(printable(text)).for_stderr().yellow().to_string());
}

/// Prints the error with which the command ends.
pub(super) fn error(text: &str) {
    let shown = format!("{} {}", style("error:").for_stderr().red().bold(), printable(text));
    message("error", text, &shown);
}

fn message(event: &str, text: &str, shown: &str) {
    if progress() == Progress::Json {
        eprintln!("{}", one_line(&json!({"event": event, "message": text}).to_string()));
    } else {
        eprintln!("{shown}");
    }
}

/// Colours the states in a printed text. Only whole words are coloured, and not a count of zero.
pub(super) fn highlighted(text: &str) -> String {
    if !console::colors_enabled() {
        return text.to_owned();
    }
    let mut last = "";
    let words = text.split_inclusive([' ', '\n']).map(|piece| {
        let word = piece.trim_end_matches([' ', '\n', ',', ':', ';']);
        let rest = &piece[word.len()..];
        let zero = std::mem::replace(&mut last, word) == "0";
        let styled = match word {
            _ if zero => None,
            "succeeded" | "done" | "complete" => Some(style(word).green()),
            "failed" | "canceled" | "expired" | "NOT" => Some(style(word).red()),
            "queued" | "running" | "paused" | "waiting" => Some(style(word).yellow()),
            _ => None,
        };
        styled.map_or_else(|| piece.to_owned(), |styled| format!("{styled}{rest}"))
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn color_of_the_help_is_found_in_the_arguments() {
        let of = |words: &[&str]| color_of_help(words.iter().map(OsString::from));
        assert_eq!(of(&["sluice", "--color=never", "list"]), ColorChoice::Never);
        assert_eq!(of(&["sluice", "list", "--color", "always"]), ColorChoice::Always);
        assert_eq!(of(&["sluice", "list", "--color"]), ColorChoice::Auto);
    }

    #[test]
    fn explicit_choice_of_colours_wins() {
        assert!(is_colored(Color::Always, false) && !is_colored(Color::Never, true));
        assert!(!is_colored(Color::Auto, false));
    }
}
