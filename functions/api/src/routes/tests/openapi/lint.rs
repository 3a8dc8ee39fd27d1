//! Structural rules of the description: those of OpenAPI, and those of this repository.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document;

/// Calls `look` for every value with its JSON pointer.
fn walk(value: &Value, pointer: &str, look: &mut impl FnMut(&str, &Value)) {
    look(pointer, value);
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                walk(value, &format!("{pointer}/{key}"), look);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| walk(item, &format!("{pointer}/{i}"), look))
        }
        _ => {}
    }
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    walk(&document, "", &mut |pointer, value| {
        if let Some(reference) =
            value.as_object().and_then(|fields| fields.get("$ref")).and_then(Value::as_str)
        {
            let target = reference.strip_prefix('#').unwrap_or_else(|| panic!("{pointer}: {reference}"));
            assert!(document.pointer(target).is_some(), "{pointer}: {reference}");
            used.insert(target.to_owned());
        }
    });
    for kind in ["schemas", "parameters", "headers", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(used.contains(&format!("/components/{kind}/{name}")), "{kind}/{name} is not used");
        }
    }
}

#[test]
fn operations_are_complete() {
    let document = document();
    let mut ids = BTreeSet::new();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].clone().to_string()).collect();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{what}: the id is not unique"
            );
            for field in ["summary", "description"] {
                assert!(operation[field].as_str().is_some_and(|text| !text.is_empty()), "{what}: {field}");
            }
            assert!(tags.contains(&operation["tags"][0].to_string()), "{what}");
            let parameters: Vec<_> = operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| document.pointer(one["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap())
                .collect();
            let names: BTreeSet<_> =
                parameters.iter().map(|one| (one["in"].to_string(), one["name"].to_string())).collect();
            assert_eq!(names.len(), parameters.len(), "{what}: a parameter is repeated");
            let in_path = parameters.iter().filter(|one| one["in"] == "path");
            let in_path: BTreeSet<_> =
                in_path.map(|one| format!("{{{}}}", one["name"].as_str().unwrap())).collect();
            let wanted: BTreeSet<_> =
                path.split('/').filter(|part| part.starts_with('{')).map(str::to_owned).collect();
            assert_eq!(in_path, wanted, "{what}");
            let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
            assert!(statuses.iter().any(|status| status.starts_with(['2', '3'])), "{what}");
            assert!(statuses.iter().any(|status| status.starts_with('4')), "{what}");
        }
    }
}
