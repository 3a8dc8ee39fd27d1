//! Language of comments and texts: counts that may only fall.
//!
//! A comment begins with the noun or the verb of its item, and its actors have names. `CONTRIBUTING.md` has the rules.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::deny::Verdict;
use super::scan::{Kind, Language, spans};
use crate::machine::paths;

/// Maximum number of comments that begin with one of [`OPENINGS`].
const MAX_OPENINGS: usize = 0;

/// Maximum number of [`PRIVATE`] words in comments and texts. Those that remain are names of users and
/// actors, and comments of migrations that were applied.
const MAX_PRIVATE: usize = 12;

/// Words that put the reader off: what the item is comes after them.
const OPENINGS: [&str; 6] = ["What", "Whether", "How", "Whose", "Who", "Why"];

/// Words for actors without a name, and verbs that the field does not use.
const PRIVATE: [&str; 11] = [
    "nobody", "whoever", "somebody", "anybody", "told", "tells", "asked", "anew", "mend", "mended",
    "believed",
];

/// Counts of a file or of all.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    docs: usize,
    openings: usize,
    private: usize,
}

/// Counts the comments and texts of all files of the repository in a known language.
///
/// # Errors
/// If there are more than the maxima allow, or a file cannot be read.
pub(crate) fn language() -> Result<Verdict> {
    let (mut all, mut worst) = (Counts::default(), Vec::new());
    for path in sources(&paths::root())? {
        let Some(language) = Language::of(&path.to_string_lossy()) else { continue };
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let counts = count(&text, language);
        if counts.openings + counts.private > 0 {
            worst.push(format!("{} ({})", path.display(), counts.openings + counts.private));
        }
        all.docs += counts.docs;
        all.openings += counts.openings;
        all.private += counts.private;
    }
    println!(
        "  {} doc lines: {} comments begin with {} (at most {MAX_OPENINGS}); {} private words (at most {MAX_PRIVATE})",
        all.docs,
        all.openings,
        OPENINGS.join(", "),
        all.private
    );
    if all.openings > MAX_OPENINGS || all.private > MAX_PRIVATE {
        bail!(
            "these comments and texts break the rules of CONTRIBUTING.md, section Language; rewrite them: {}",
            worst.join(", ")
        );
    }
    Ok(Verdict::Clean)
}

/// Returns the files below a folder that have a known language.
///
/// # Errors
/// If a folder cannot be read.
pub(super) fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(sources(&path)?);
        } else if path.is_file() && Language::of(&name).is_some() {
            found.push(path);
        }
    }
    Ok(found)
}

fn count(text: &str, language: Language) -> Counts {
    let (mut counts, mut last) = (Counts::default(), 0);
    for span in spans(text, language) {
        let comment = span.kind == Kind::Comment;
        let doc = comment && language == Language::Rust && span.text.starts_with(['/', '!']);
        counts.docs += usize::from(doc);
        let begins = comment && (last == 0 || last + 1 < span.line);
        let opens = match language {
            Language::Rust => doc,
            Language::Sql => false,
            // Doc strings begin with three quotation marks, after nothing.
            Language::Python => begins || (!comment && span.before.trim().is_empty()),
            Language::Settings => begins,
        };
        last = if comment { span.line } else { last };
        // A literal of one word is a name that machines compare.
        if !comment && !span.text.contains(' ') {
            continue;
        }
        let plain = without_values(span.text);
        let words =
            || plain.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        counts.openings += usize::from(opens && words().next().is_some_and(|word| OPENINGS.contains(&word)));
        counts.private += words().filter(|word| PRIVATE.contains(&word.to_lowercase().as_str())).count();
    }
    counts
}

/// Removes the names of values that a format string shows.
fn without_values(text: &str) -> String {
    let mut parts = text.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once('}').map_or(part, |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str, language: Language) -> (usize, usize, usize) {
        // The words are not written here, so that this file does not break the rule.
        let text = text.replace('@', PRIVATE[0]).replace('%', OPENINGS[0]);
        let Counts { docs, openings, private } = count(&text, language);
        (docs, openings, private)
    }

    #[test]
    fn openings_count_in_docs_and_private_words_in_comments_and_texts() {
        let text =
            "//! % it is.\n/// Reports % it is.\n// % @ does it, @\nlet @ = f(\"@ is\", \"@\", \"a {@}\");\n";
        assert_eq!(counted(text, Language::Rust), (2, 1, 3));
        assert_eq!(counted("-- % was @\nselect @", Language::Sql), (0, 0, 1));
        assert_eq!(counted("\"\"\"% it is\"\"\"\n# a\n# % b\n\n# % c @", Language::Python), (0, 2, 1));
        assert_eq!(counted("# % a\nb: @ # c\n", Language::Settings), (0, 1, 0));
    }
}
