//! Changes made by a catalog: datasets added, removed and changed, and the read or planned chunks that it
//! invalidates.

use std::collections::BTreeMap;

use export::catalog::Revision;
use export::count::count;
use serde_json::{Value, json};
use store::{Applied, Narrowed};

/// Changes of a catalog relative to the one in force.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
    /// True if the catalog in force was resolved against another database.
    moved: bool,
    narrowed: BTreeMap<String, Narrowed>,
}

impl Changes {
    pub(super) fn between(
        before: Option<&Applied>,
        after: &Applied,
        narrowed: BTreeMap<String, Narrowed>,
    ) -> Self {
        let moved = before.is_some_and(|before| before.source != after.source);
        let mut changes = Self { moved, narrowed, ..Self::default() };
        changes
            .compare(before.map(|before| &before.revision).unwrap_or(&Revision::default()), &after.revision);
        changes
    }

    fn compare(&mut self, before: &Revision, after: &Revision) {
        for (name, dataset) in &after.datasets {
            match before.datasets.get(name) {
                None => self.added.push(name.clone()),
                Some(old) if old != dataset => self.changed.push(name.clone()),
                Some(_) => {}
            }
        }
        let gone = before.datasets.keys().filter(|name| !after.datasets.contains_key(*name));
        self.removed.extend(gone.cloned());
    }

    /// Number of chunks of live exports that fail.
    pub(super) fn failing(&self) -> u64 {
        self.narrowed.values().map(|one| one.failed).sum()
    }

    /// Formats the changes as text; `applied` selects the wording for changes that are already in force.
    pub(super) fn text(&self, applied: bool) -> String {
        let kinds = [("added", &self.added), ("removed", &self.removed), ("changed", &self.changed)];
        let mut lines: Vec<_> = kinds
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what}: {}", names.join(", ")))
            .collect();
        if lines.is_empty() {
            lines.push("no dataset changed; estimates are refreshed".to_owned());
        }
        lines.extend(self.narrowed.iter().map(|(name, one)| invalidated(name, one, applied)));
        if self.narrowed.values().any(|one| one.forgotten > 0) {
            lines.push("files of exports that have ended are kept until they expire; to delete them, run `sluice admin invalidate DATASET`".to_owned());
        }
        if self.moved {
            lines.push("the source is a different database than that of the previous catalog: nothing read from the previous database is reused".to_owned());
        }
        lines.join("\n")
    }

    pub(super) fn add_to(&self, data: &mut Value) {
        data["added"] = json!(self.added);
        data["removed"] = json!(self.removed);
        data["changed"] = json!(self.changed);
        data["invalidated"] = self.narrowed.iter().map(|(name, one)| (name.clone(), detail(one))).collect();
    }
}

/// Formats the chunks of one dataset that the catalog invalidates.
fn invalidated(name: &str, one: &Narrowed, applied: bool) -> String {
    let (not_reused, failed) = if applied {
        ("can no longer be reused", "failed")
    } else {
        ("will no longer be reused", "will fail")
    };
    let (reasons, chunks) = (one.reasons.join("; "), count(one.forgotten, "chunk"));
    let mut text = format!("invalidated: {name} ({reasons}): {chunks} {not_reused}");
    if one.failed > 0 {
        text.push_str(&format!(
            "; {} not read yet {failed}, in {}",
            count(one.failed, "chunk"),
            count(one.exports.len() as u64, "live export")
        ));
    }
    text
}

fn detail(one: &Narrowed) -> Value {
    json!({"reasons": one.reasons, "forgotten": one.forgotten, "failed": one.failed, "exports": one.exports})
}

#[cfg(test)]
mod tests {
    use export::catalog::{Dataset, From};

    use super::*;

    fn applied(source: &str, datasets: &[(&str, u32)]) -> Applied {
        let dataset = |epoch| Dataset {
            from: From::Query("select 1 as one".into()),
            columns: vec![],
            range: None,
            key: None,
            tenant_column: None,
            shared: true,
            filters: vec![],
            settle_after_secs: None,
            order: vec![],
            epoch,
            search_path: vec![],
        };
        let datasets = datasets.iter().map(|(name, epoch)| ((*name).to_owned(), dataset(*epoch))).collect();
        let revision = Revision { datasets };
        Applied { revision_id: revision.id(), revision, estimates: [].into(), source: source.to_owned() }
    }

    #[test]
    fn added_removed_changed_and_invalidated_datasets_are_listed() {
        let before = applied("shop", &[("a", 1), ("b", 1), ("c", 1)]);
        let narrowed = Narrowed {
            reasons: vec!["the dataset is gone".into()],
            forgotten: 7,
            failed: 2,
            exports: vec![],
        };
        let after = applied("shop", &[("b", 2), ("c", 1), ("d", 1)]);
        let changes = Changes::between(Some(&before), &after, [("a".to_owned(), narrowed)].into());
        let text = changes.text(false);
        assert!(text.starts_with("added: d\nremoved: a\nchanged: b\n"), "{text}");
        assert!(
            text.contains(
                "a (the dataset is gone): 7 chunks will no longer be reused; 2 chunks not read yet will fail"
            ),
            "{text}"
        );
        assert!(changes.text(true).contains("2 chunks not read yet failed"));
        assert_eq!(changes.failing(), 2);
        assert_eq!(Changes::between(None, &after, [].into()).text(false), "added: b, c, d");
        let same = Changes::between(Some(&before), &before, [].into());
        assert_eq!(
            (same.text(true).as_str(), same.failing()),
            ("no dataset changed; estimates are refreshed", 0)
        );
        let moved = Changes::between(Some(&before), &applied("hold", &[("a", 1)]), [].into());
        assert!(moved.text(false).contains("different database"));
    }
}
