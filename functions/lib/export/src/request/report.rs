//! Collection of the violations in a body, and typed reads of JSON values that report a wrong type.

use serde_json::{Map, Value};

use crate::near;
use crate::problem::{Violation, pointer_token};

/// Maximum number of listed violations. A body of 1 MiB could hold a hundred thousand.
pub(crate) const MAX_LISTED: usize = 200;

/// Violations found so far.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    found: Vec<Violation>,
    unlisted: usize,
}

impl Violations {
    pub(crate) fn say(
        &mut self,
        pointer: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        if self.found.len() < MAX_LISTED {
            self.found.push(Violation::new(pointer, message, remedy));
        } else {
            self.unlisted += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn finish(mut self) -> Vec<Violation> {
        if self.unlisted > 0 {
            let message =
                format!("{} not listed", crate::count::count(self.unlisted as u64, "more violation"));
            self.found.push(Violation::new("", message, "correct those above and send the request again"));
        }
        self.found
    }

    /// Returns the value as an object.
    pub(crate) fn object<'a>(&mut self, value: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
        let object = value.as_object();
        if object.is_none() {
            self.wrong_type(value, pointer, "an object");
        }
        object
    }

    /// Returns the value of an optional key, which must be a string.
    pub(crate) fn text<'a>(
        &mut self,
        fields: &'a Map<String, Value>,
        key: &str,
        parent: &str,
    ) -> Option<&'a str> {
        let value = fields.get(key)?;
        if value.as_str().is_none() {
            self.wrong_type(value, &format!("{parent}/{key}"), "a string");
        }
        value.as_str()
    }

    pub(crate) fn wrong_type(&mut self, value: &Value, pointer: &str, wanted: &str) {
        self.say(
            pointer,
            format!("expected {wanted}, found {}", kind_of(value)),
            format!("use {wanted}, or omit the field if it is optional"),
        );
    }

    /// Reports keys that are not among `known`.
    pub(crate) fn known(&mut self, fields: &Map<String, Value>, parent: &str, known: &[&str]) {
        for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
            self.say(
                format!("{parent}/{}", pointer_token(key)),
                format!("the field {} is unknown", show(key)),
                near::remedy(
                    key,
                    known.iter().copied(),
                    &format!("remove it; the allowed fields are {}", known.join(", ")),
                ),
            );
        }
    }
}

/// Returns the kind of a JSON value, in words.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Returns a text of the client, quoted and at most 60 characters long.
pub(crate) fn show(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
