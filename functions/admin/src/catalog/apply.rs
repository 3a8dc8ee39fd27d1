//! `catalog apply`: resolves a catalog and puts it in force, all of it or nothing.

use export::catalog::Revision;
use ports::store::{Applied, Narrowed};
use serde_json::{Value, json};

use super::resolved;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Applied twice, the second time only renews the estimates.
pub(crate) async fn run(context: &Context, text: &str) -> Result<Answer, Failure> {
    let found = resolved(context, text).await?;
    let (report, mut data) = (found.report(), found.data());
    if !found.violations.is_empty() {
        let text = format!("{report}\nnothing was applied; the catalog before stays in force");
        return Ok(Answer { ok: false, text, data });
    }
    let before = context.store.applied_catalog().await?;
    let changes = Changes::between(before.as_ref().map(|applied| &applied.revision), &found.revision);
    let moved = before.as_ref().is_some_and(|applied| applied.source != found.source);
    let revision_id = found.revision.id();
    let applied = Applied {
        revision_id: revision_id.clone(),
        revision: found.revision,
        estimates: found.estimates,
        source: found.source,
    };
    let narrowed = context.store.apply_catalog(&applied).await?;
    data["revision"] = json!(revision_id);
    data["added"] = json!(changes.added);
    data["removed"] = json!(changes.removed);
    data["changed"] = json!(changes.changed);
    data["invalidated"] = narrowed.iter().map(|(name, one)| (name.clone(), told(one))).collect();
    let mut text = format!("{report}\n{}\nrevision {revision_id} is in force", changes.text());
    for (name, one) in &narrowed {
        text.push_str(&format!("\n{}", invalidated(name, one)));
    }
    if narrowed.values().any(|one| one.forgotten > 0) {
        text.push_str("\nfiles of exports that have ended stay until they expire; `admin invalidate DATASET` deletes them");
    }
    if moved {
        text.push_str(
            "\nthe source is another database than before: nothing that was read from the other is reused",
        );
    }
    Ok(Answer::done(text, data))
}

/// What the catalog made wrong of one dataset, in words.
fn invalidated(name: &str, one: &Narrowed) -> String {
    let mut text = format!(
        "invalidated: {name} ({}): {} chunks are not reused any more",
        one.reasons.join("; "),
        one.forgotten
    );
    if one.failed > 0 {
        text.push_str(&format!(
            "; {} chunks not read yet failed, in {} running exports",
            one.failed,
            one.exports.len()
        ));
    }
    text
}

fn told(one: &Narrowed) -> Value {
    json!({"reasons": one.reasons, "forgotten": one.forgotten, "failed": one.failed, "exports": one.exports})
}

/// Names of datasets, by what became of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
}

impl Changes {
    fn between(before: Option<&Revision>, after: &Revision) -> Self {
        let empty = Revision::default();
        let before = before.unwrap_or(&empty);
        let mut changes = Self::default();
        for (name, dataset) in &after.datasets {
            match before.datasets.get(name) {
                None => changes.added.push(name.clone()),
                Some(old) if old != dataset => changes.changed.push(name.clone()),
                Some(_) => {}
            }
        }
        let gone = before.datasets.keys().filter(|name| !after.datasets.contains_key(*name));
        changes.removed.extend(gone.cloned());
        changes
    }

    fn text(&self) -> String {
        let kinds = [("added", &self.added), ("removed", &self.removed), ("changed", &self.changed)];
        let lines: Vec<_> = kinds
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what}: {}", names.join(", ")))
            .collect();
        if lines.is_empty() {
            return "no dataset changed; the estimates are new".to_owned();
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use export::catalog::{Dataset, From};

    use super::*;

    fn revision(datasets: &[(&str, u32)]) -> Revision {
        let dataset = |epoch| Dataset {
            from: From::Query("select 1 as one".into()),
            columns: vec![],
            range: None,
            tenant_column: None,
            shared: true,
            filters: vec![],
            settle_after_secs: None,
            order: vec![],
            epoch,
            search_path: vec![],
        };
        Revision {
            datasets: datasets.iter().map(|(name, epoch)| ((*name).to_owned(), dataset(*epoch))).collect(),
        }
    }

    #[test]
    fn what_is_new_gone_or_different_is_told() {
        let changes = Changes::between(
            Some(&revision(&[("a", 1), ("b", 1), ("c", 1)])),
            &revision(&[("b", 2), ("c", 1), ("d", 1)]),
        );
        assert_eq!(
            (changes.added.join(" "), changes.removed.join(" "), changes.changed.join(" ")),
            ("d".into(), "a".into(), "b".into())
        );
        assert_eq!(changes.text(), "added: d\nremoved: a\nchanged: b");
        let first = Changes::between(None, &revision(&[("a", 1)]));
        assert_eq!(first.text(), "added: a");
        assert!(
            Changes::between(Some(&revision(&[("a", 1)])), &revision(&[("a", 1)]))
                .text()
                .starts_with("no dataset changed")
        );
    }
}
