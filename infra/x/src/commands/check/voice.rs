//! Language of comments: counts that may only fall.
//!
//! A comment begins with the noun or the verb of its item, and its actors have names. `CONTRIBUTING.md` has the rules.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::deny::Verdict;
use crate::machine::paths;

/// Maximum number of doc comments that begin with one of [`OPENINGS`].
const MAX_OPENINGS: usize = 0;

/// Maximum number of [`PRIVATE`] words in comments. Those that remain are names, such as the system's user `nobody`.
const MAX_PRIVATE: usize = 18;

/// Words that put the reader off: what the item is comes after them.
const OPENINGS: [&str; 6] = ["What", "Whether", "How", "Whose", "Who", "Why"];

/// Words for actors without a name, and verbs that the field does not use.
const PRIVATE: [&str; 11] = [
    "nobody", "whoever", "somebody", "anybody", "told", "tells", "asked", "anew", "mend", "mended",
    "believed",
];

/// Counts in the comments of a file or of all.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    docs: usize,
    openings: usize,
    private: usize,
}

/// Counts the comments of all Rust and SQL files of the repository.
///
/// # Errors
/// If there are more than the maxima allow, or a file cannot be read.
pub(crate) fn comments() -> Result<Verdict> {
    let (mut all, mut worst) = (Counts::default(), Vec::new());
    for path in sources(&paths::root())? {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let counts = count(&text, path.extension().is_some_and(|ending| ending == "sql"));
        if counts.openings + counts.private > 0 {
            worst.push(format!("{} ({})", path.display(), counts.openings + counts.private));
        }
        all.docs += counts.docs;
        all.openings += counts.openings;
        all.private += counts.private;
    }
    println!(
        "  {} doc lines: {} begin with {} (at most {MAX_OPENINGS}); {} private words (at most {MAX_PRIVATE})",
        all.docs,
        all.openings,
        OPENINGS.join(", "),
        all.private
    );
    if all.openings > MAX_OPENINGS || all.private > MAX_PRIVATE {
        bail!(
            "these comments break the rules of CONTRIBUTING.md, section Language; rewrite them: {}",
            worst.join(", ")
        );
    }
    Ok(Verdict::Clean)
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(sources(&path)?);
        } else if name.ends_with(".rs") || name.ends_with(".sql") {
            found.push(path);
        }
    }
    Ok(found)
}

fn count(text: &str, sql: bool) -> Counts {
    let mut counts = Counts::default();
    for line in text.lines().map(str::trim_start) {
        let comment = match line.strip_prefix(if sql { "--" } else { "//" }) {
            Some(comment) => comment,
            None => continue,
        };
        let doc = comment.strip_prefix(['/', '!']).filter(|_| !sql);
        counts.docs += usize::from(doc.is_some());
        let words =
            || comment.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        let first = words().next().unwrap_or_default();
        counts.openings += usize::from(doc.is_some() && OPENINGS.contains(&first));
        counts.private += words().filter(|word| PRIVATE.contains(&word.to_lowercase().as_str())).count();
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_count_in_docs_and_private_words_in_all_comments() {
        let text =
            "//! Whether it is.\n/// Reports whether it is.\n// How nobody does it, Anew\nlet nobody = 1;\n";
        assert_eq!(count(text, false), Counts { docs: 2, openings: 1, private: 2 });
        assert_eq!(
            count("-- What was told\nselect nobody", true),
            Counts { docs: 0, openings: 0, private: 1 }
        );
    }
}
