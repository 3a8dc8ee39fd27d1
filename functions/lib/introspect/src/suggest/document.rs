//! The written catalog: a head for the operator, the datasets by schema, and what is missing.

use std::collections::BTreeMap;

use export::count::count;

use super::SuggestOptions;
use super::draft::Draft;
use super::read::MAX_RELATIONS;
use super::toml_text::{comment, one_line, string};
use crate::advice::statement::size;

/// Maximum size of the datasets in bytes, as JSON has them. A Lambda function returns at most 6 MB, and `catalog
/// check` must receive it again.
const MAX_BYTES: usize = 5_000_000;

/// Maximum number of lines of each list at the end.
const MAX_LISTED: usize = 500;

/// Maximum number of characters of a line in the head.
const MAX_WIDTH: usize = 110;

/// Parts of the document.
pub(super) struct Document<'a> {
    /// Database and role that were read.
    pub(super) place: String,
    /// Datasets, by schema and name.
    pub(super) drafts: Vec<Draft<'a>>,
    /// Relations in SQL form that are left out, with the reason.
    pub(super) left_out: Vec<(String, String)>,
    /// True if there are more relations than one suggestion covers.
    pub(super) is_cut: bool,
}

/// The text, with the number of its datasets.
pub(super) struct Written {
    pub(super) toml: String,
    pub(super) datasets: usize,
}

impl Document<'_> {
    /// Writes everything. Datasets beyond the maximum size are left out, and a comment says so.
    pub(super) fn write(&self, options: &SuggestOptions) -> Written {
        let (mut body, mut written, mut bytes) = (String::new(), 0, 0);
        let mut of_schema: BTreeMap<&str, usize> = BTreeMap::new();
        for draft in &self.drafts {
            *of_schema.entry(schema(draft)).or_default() += 1;
        }
        let mut last = None;
        for draft in &self.drafts {
            let mut text = String::new();
            if last != Some(schema(draft)) {
                let number = of_schema.get(schema(draft)).copied().unwrap_or_default();
                text.push_str(&format!(
                    "\n{}",
                    comment(&format!("==== schema {}: {}", schema(draft), count(number as u64, "dataset")))
                ));
            }
            text.push('\n');
            text.push_str(&draft.text());
            bytes += escaped(&text);
            if bytes > MAX_BYTES {
                break;
            }
            last = Some(schema(draft));
            body.push_str(&text);
            written += 1;
        }
        let mut toml = self.head(options, written);
        toml.push_str(&body);
        toml.push_str(&self.missing(written));
        Written { toml, datasets: written }
    }

    fn head(&self, options: &SuggestOptions, written: usize) -> String {
        let drafts = &self.drafts[..written];
        let mut lines =
            vec![format!("Catalog suggested for {}: {}.", self.place, count(written as u64, "dataset"))];
        if written < self.drafts.len() || self.is_cut {
            lines.push(format!(
                "INCOMPLETE: one suggestion covers {MAX_RELATIONS} relations and {} MB. Run it for one schema at a time, with --schema.",
                MAX_BYTES / 1_000_000
            ));
        }
        lines.push("A suggestion, in force once it is applied. Read it, change it, then run `sluice admin catalog check` and `catalog apply`.".to_owned());
        lines.push(String::new());
        lines.push(match (&options.tenant_column, options.shared) {
            (Some(column), true) => format!("Rows: with a column {} each tenant sees its own; every other dataset is shared by all tenants.", string(column)),
            (Some(column), false) => format!("Rows: with a column {} each tenant sees its own. Decide the other datasets before there is a second tenant.", string(column)),
            (None, true) => "Rows: every tenant sees every row (shared = true).".to_owned(),
            (None, false) => "Rows: not decided. Before there is a second tenant, each dataset needs tenant_column or shared = true.".to_owned(),
        });
        lines.push("Reuse: settle_after = \"1h\" promises that rows older than that no longer change, so that they are read only once. Only you know where it is true, so it is not set anywhere.".to_owned());
        if drafts.iter().any(|draft| !draft.definition.exclude.is_empty()) {
            lines.push("Columns: those in exclude are not exported. Look for other personal or secret data; only names were compared.".to_owned());
        }
        lines.push("Filters: columns for which an index finds the rows.".to_owned());
        lines.iter().map(|line| comment(&wrapped(line))).collect()
    }

    /// Returns the lists at the end, as comments.
    fn missing(&self, written: usize) -> String {
        let mut slow: Vec<(u64, String)> = self
            .drafts
            .iter()
            .take(written)
            .filter_map(|draft| Some((draft.relation.bytes, draft.cure()?)))
            .collect();
        slow.sort_by_key(|table| std::cmp::Reverse(table.0));
        let slow = slow.into_iter().map(|(bytes, cure)| format!("{cure}  -- {}", size(bytes)));
        let left_out = self.left_out.iter().map(|(relation, reason)| format!("{relation}: {reason}"));
        let mut text = String::new();
        for (title, lines) in [
            (
                "Missing indexes: each day of these datasets reads the whole table. Run as the owner of the tables, largest first",
                slow.collect::<Vec<_>>(),
            ),
            ("Left out", left_out.collect()),
        ] {
            if lines.is_empty() {
                continue;
            }
            text.push_str(&format!("\n{}", comment(&format!("==== {title}:"))));
            text.extend(lines.iter().take(MAX_LISTED).map(|line| comment(&one_line(line))));
            if lines.len() > MAX_LISTED {
                text.push_str(&comment(&format!("and {} more", lines.len() - MAX_LISTED)));
            }
        }
        text
    }
}

fn schema<'a>(draft: &Draft<'a>) -> &'a str {
    draft.relation.name.as_ref().map_or("", |name| name.schema.as_str())
}

/// Breaks a text at spaces into lines.
fn wrapped(text: &str) -> String {
    let (mut lines, mut length) = (String::new(), 0);
    for word in text.split_whitespace() {
        let size = word.chars().count() + 1;
        if length > 0 && length + size > MAX_WIDTH {
            lines.push('\n');
            length = 0;
        } else if length > 0 {
            lines.push(' ');
        }
        lines.push_str(word);
        length += size;
    }
    lines
}

/// Returns the number of bytes of a text as a JSON string.
fn escaped(text: &str) -> usize {
    serde_json::to_string(text).map_or(text.len(), |json| json.len())
}

#[cfg(test)]
mod tests {
    use export::catalog::{Catalog, Definition, RelationName};

    use super::super::facts::RelationFacts;
    use super::*;

    fn facts(number: usize) -> RelationFacts {
        let name = RelationName { schema: format!("s\n[x]{}", number % 2), name: format!("t{number}") };
        RelationFacts { name: Some(name), ..RelationFacts::default() }
    }

    fn document(relations: &[RelationFacts], note: &str) -> Document<'static> {
        let drafts = relations.iter().enumerate().map(|(number, relation)| Draft {
            relation: Box::leak(Box::new(relation.clone())),
            name: format!("t{number}"),
            definition: Definition { relation: Some("s.t".into()), shared: true, ..Definition::default() },
            notes: vec![note.to_owned()],
            offers: vec![],
            indexed: true,
        });
        let left_out = vec![("s.\"a\nb\"".to_owned(), "x\ny".to_owned())];
        Document { place: "database a\nb".into(), drafts: drafts.collect(), left_out, is_cut: false }
    }

    #[test]
    fn everything_but_the_datasets_is_a_comment() {
        let relations: Vec<RelationFacts> = (0..3).map(facts).collect();
        let written = document(&relations, "a\n[datasets.evil]").write(&SuggestOptions::default());
        let catalog = Catalog::parse(&written.toml).unwrap();
        assert_eq!((catalog.datasets.len(), written.datasets), (3, 3), "{}", written.toml);
        assert!(written.toml.contains("# ==== Left out:\n# s.\"a b\": x y\n"), "{}", written.toml);
        assert!(!written.toml.contains("INCOMPLETE"));
    }

    #[test]
    fn text_is_smaller_than_a_function_may_return() {
        let relations: Vec<RelationFacts> = (0..40).map(facts).collect();
        let written = document(&relations, &"x\"".repeat(100_000)).write(&SuggestOptions::default());
        assert!(written.toml.contains("INCOMPLETE") && written.datasets < 40);
        assert!(escaped(&written.toml) < 6_000_000);
        assert_eq!(Catalog::parse(&written.toml).unwrap().datasets.len(), written.datasets);
    }
}
