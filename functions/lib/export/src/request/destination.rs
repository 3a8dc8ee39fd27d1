//! Destination to which the files are copied.

use serde_json::{Map, Value};

use super::report::{Violations, show};
use crate::destination::{FIELD, is_name};

/// Reads `destination`: the name of one that the operator has defined. The caller finds out if it exists.
pub(super) fn read<'a>(fields: &'a Map<String, Value>, report: &mut Violations) -> Option<&'a str> {
    let name = report.text(fields, FIELD, "")?;
    if is_name(name) {
        return Some(name);
    }
    let remedy = "name a destination that `GET /destinations` lists; a bucket cannot be given";
    report.say(format!("/{FIELD}"), format!("{} is not the name of a destination", show(name)), remedy);
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_names_are_read() {
        let read_from = |body: &Value| {
            let mut report = Violations::default();
            let found = read(body.as_object().unwrap(), &mut report).map(str::to_owned);
            (found, report.finish().len())
        };
        assert_eq!(read_from(&json!({"destination": "acme-lake"})), (Some("acme-lake".to_owned()), 0));
        assert_eq!(read_from(&json!({})), (None, 0));
        for wrong in [json!("s3://bucket/x"), json!({"bucket": "x"}), json!(""), json!(null)] {
            assert_eq!(read_from(&json!({ "destination": wrong })), (None, 1));
        }
    }
}
