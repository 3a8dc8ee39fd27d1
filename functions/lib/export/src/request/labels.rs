//! Label and labels of an export. They name it for its client and have no influence on its files.

use serde_json::{Map, Value};

use super::report::{Violations, show};
use crate::problem::pointer_token;

/// Maximum number of labels.
const MAX_LABELS: usize = 20;

/// Maximum length of the name of a label, in characters.
const MAX_NAME_CHARS: usize = 64;

/// Maximum length of a label's value, and of `label`, in characters.
const MAX_VALUE_CHARS: usize = 200;

/// Reads `label` and `labels`, and returns both as the canonical request has them.
pub(super) fn read(fields: &Map<String, Value>, report: &mut Violations) -> Map<String, Value> {
    let mut canonical = Map::new();
    if let Some(text) = report.text(fields, "label", "") {
        if fits(text, MAX_VALUE_CHARS) {
            canonical.insert("label".to_owned(), text.into());
        } else {
            let remedy = format!("use 1 to {MAX_VALUE_CHARS} characters, without control characters");
            report.say("/label", format!("{} is not a valid label", show(text)), remedy);
        }
    }
    let labels = fields.get("labels").and_then(|given| report.object(given, "/labels"));
    let Some(labels) = labels.filter(|labels| !labels.is_empty()) else { return canonical };
    if labels.len() > MAX_LABELS {
        let message = format!("{} labels are given; at most {MAX_LABELS} are allowed", labels.len());
        report.say("/labels", message, "remove some of them");
        return canonical;
    }
    for name in labels.keys() {
        let pointer = format!("/labels/{}", pointer_token(name));
        if !is_name(name) {
            let remedy = format!("use 1 to {MAX_NAME_CHARS} letters, digits, dots, hyphens and underscores");
            report.say(&*pointer, format!("{} is not a valid name of a label", show(name)), remedy);
        }
        let Some(value) = report.text(labels, name, "/labels") else { continue };
        if !fits(value, MAX_VALUE_CHARS) || value.contains(',') {
            let remedy =
                format!("use 1 to {MAX_VALUE_CHARS} characters, without commas and control characters");
            report.say(pointer, format!("{} is not a valid value of a label", show(value)), remedy);
        }
    }
    canonical.insert("labels".to_owned(), labels.clone().into());
    canonical
}

fn fits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn violations(body: &Value) -> Vec<String> {
        let mut report = Violations::default();
        read(body.as_object().unwrap(), &mut report);
        report.finish().into_iter().map(|violation| violation.pointer).collect()
    }

    #[test]
    fn labels_are_kept_as_sent() {
        let body = json!({"label": "nightly load", "labels": {"team": "finance", "run.id": "a:b"}});
        let mut report = Violations::default();
        assert_eq!(Value::from(read(body.as_object().unwrap(), &mut report)), body);
        assert!(report.is_empty());
        assert_eq!(violations(&json!({"labels": {}})), Vec::<String>::new());
    }

    #[test]
    fn each_invalid_label_is_named() {
        let body = json!({"label": "a\nb", "labels": {"a b": "x", "c": "", "d": "x,y", "e": 1}});
        assert_eq!(violations(&body), ["/label", "/labels/a b", "/labels/c", "/labels/d", "/labels/e"]);
        assert_eq!(violations(&json!({"label": "", "labels": "x"})), ["/label", "/labels"]);
        let many: Map<_, _> = (0..21).map(|n| (format!("n{n}"), "x".into())).collect();
        assert_eq!(violations(&json!({ "labels": many })), ["/labels"]);
        assert_eq!(violations(&json!({"label": "x".repeat(201)})), ["/label"]);
    }
}
