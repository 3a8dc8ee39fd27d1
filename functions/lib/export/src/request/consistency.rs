//! Consistency of the files of an export.

use serde_json::{Map, Value};

use super::report::{Violations, kind_of, show};
use crate::cut::{Consistency, FIELD};

/// Reads `consistency`: `"file"`, the default, or `"snapshot"`.
pub(super) fn read(fields: &Map<String, Value>, report: &mut Violations) -> Consistency {
    let Some(value) = fields.get(FIELD) else { return Consistency::default() };
    let found = [Consistency::File, Consistency::Snapshot].into_iter().find(|one| value == one.as_str());
    found.unwrap_or_else(|| {
        let message = match value {
            Value::String(word) => format!("the consistency {} is unknown", show(word)),
            other => format!("expected a consistency, found {}", kind_of(other)),
        };
        report.say(
            format!("/{FIELD}"),
            message,
            "use \"file\", or \"snapshot\" so that all files show the same instant",
        );
        Consistency::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn consistency_is_one_of_two_words() {
        let read_from = |body: Value| {
            let mut report = Violations::default();
            let found = read(body.as_object().unwrap(), &mut report);
            (found, report.finish().into_iter().map(|violation| violation.pointer).collect::<Vec<_>>())
        };
        assert_eq!(read_from(json!({})), (Consistency::File, vec![]));
        assert_eq!(read_from(json!({"consistency": "file"})), (Consistency::File, vec![]));
        assert_eq!(read_from(json!({"consistency": "snapshot"})), (Consistency::Snapshot, vec![]));
        for wrong in [json!("Snapshot"), json!(true), json!(null)] {
            assert_eq!(read_from(json!({ "consistency": wrong })).1, ["/consistency"]);
        }
    }
}
