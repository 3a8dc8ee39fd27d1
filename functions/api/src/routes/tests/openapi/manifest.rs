//! The JSON Schema of a manifest as a document of its own: the schema among the components, with all that it refers to.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::SCHEMAS;

/// Place of schemas in the description of the api.
const COMPONENTS: &str = "#/components/schemas/";

/// Guide that describes the fields.
const GUIDE: &str = include_str!("../../../../../../docs/manifest.md");

/// Returns the schema. Its id is the path at which every deployment serves it.
pub(super) fn schema() -> Value {
    let all: Map<String, Value> = serde_json::from_str(SCHEMAS).unwrap();
    let mut definitions = Map::new();
    let mut found = vec!["Manifest".to_owned()];
    while let Some(name) = found.pop() {
        let mut schema = all[&name].clone();
        refer(&mut schema, &mut found);
        definitions.insert(name, schema);
        found.retain(|name| !definitions.contains_key(name));
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "/api/v1/manifest.schema.json",
        "title": "Manifest of an export",
    });
    let root = definitions.remove("Manifest").unwrap();
    for (key, value) in root.as_object().unwrap() {
        schema[key] = value.clone();
    }
    schema["$defs"] = definitions.into();
    schema
}

/// Points every reference at the definitions of the document, and collects the names.
fn refer(value: &mut Value, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let name = value.as_str().and_then(|text| text.strip_prefix(COMPONENTS)).map(str::to_owned);
                match name {
                    Some(name) if key == "$ref" => {
                        *value = format!("#/$defs/{name}").into();
                        names.push(name);
                    }
                    _ => refer(value, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, names)),
        _ => {}
    }
}

#[test]
fn every_field_of_a_manifest_is_in_the_guide() {
    let schema = schema();
    let all = [&schema].into_iter().chain(schema["$defs"].as_object().unwrap().values());
    let fields: BTreeSet<_> =
        all.filter_map(|one| one["properties"].as_object()).flat_map(|fields| fields.keys()).collect();
    assert!(fields.len() > 30, "{fields:?}");
    let missing: Vec<_> = fields.into_iter().filter(|field| !GUIDE.contains(&format!("`{field}`"))).collect();
    assert_eq!(missing, Vec::<&String>::new(), "docs/manifest.md does not describe them");
}
