//! Layout of the files in folders.

use serde_json::{Map, Value, json};

use super::report::{Violations, kind_of, show};
use crate::layout::Hive;

/// Words for the partitions of the layout `hive`.
const PARTITIONS: [Hive; 3] = [Hive::Day, Hive::Month, Hive::Year];

/// Reads `layout`: `"flat"`, `"hive"`, or an object `{"hive": "day"}`. Returns `None` for files in one folder.
pub(super) fn read(fields: &Map<String, Value>, report: &mut Violations) -> Option<Hive> {
    match fields.get("layout")? {
        Value::String(word) if word == "flat" => None,
        Value::String(word) if word == "hive" => Some(Hive::Month),
        Value::Object(object) => {
            report.known(object, "/layout", &["hive"]);
            let word = report.text(object, "hive", "/layout")?;
            let found = PARTITIONS.into_iter().find(|hive| hive.as_str() == word);
            if found.is_none() {
                let message = format!("{} is not a kind of partition", show(word));
                report.say("/layout/hive", message, "use one of day, month, year");
            }
            found
        }
        other => {
            let message = match other {
                Value::String(word) => format!("the layout {} is unknown", show(word)),
                other => format!("expected a layout, found {}", kind_of(other)),
            };
            report.say("/layout", message, "use \"flat\", \"hive\" or {\"hive\": \"day\"}, month or year");
            None
        }
    }
}

/// Returns the layout in its canonical form.
pub(super) fn canonical(hive: Hive) -> Value {
    json!({ "hive": hive.as_str() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_layout(layout: Value) -> Result<Option<Hive>, Vec<String>> {
        let mut report = Violations::default();
        let read = read(json!({ "layout": layout }).as_object().unwrap(), &mut report);
        let pointers: Vec<_> = report.finish().into_iter().map(|violation| violation.pointer).collect();
        if pointers.is_empty() { Ok(read) } else { Err(pointers) }
    }

    #[test]
    fn layouts_are_read_in_both_forms() {
        assert_eq!(read_layout(json!("flat")), Ok(None));
        assert_eq!(read_layout(json!("hive")), Ok(Some(Hive::Month)));
        for hive in PARTITIONS {
            assert_eq!(read_layout(canonical(hive)), Ok(Some(hive)));
        }
        assert_eq!(read(&Map::new(), &mut Violations::default()), None);
    }

    #[test]
    fn each_invalid_layout_names_its_field() {
        for (layout, pointer) in [
            (json!("Hive"), "/layout"),
            (json!(1), "/layout"),
            (json!({"hive": "week"}), "/layout/hive"),
            (json!({"hive": "whole"}), "/layout/hive"),
            (json!({"hive": 1}), "/layout/hive"),
            (json!({"hive": "day", "by": 1}), "/layout/by"),
        ] {
            assert_eq!(read_layout(layout.clone()), Err(vec![pointer.to_owned()]), "{layout}");
        }
    }
}
