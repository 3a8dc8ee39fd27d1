//! JSON schemas of arguments: those of the wire types, with references replaced by what they refer to, because not every
//! client follows references.

use serde_json::{Map, Value};

/// Schemas of the wire types by name, which the api's description has, too.
const SCHEMAS: &str = include_str!("../../../../functions/lib/export/schemas.json");

/// Beginning of a reference to a schema.
const REFERENCE: &str = "#/components/schemas/";

/// Maximum depth of references.
const MAX_DEPTH: usize = 16;

/// Returns the schema of a wire type.
pub(super) fn of(name: &str) -> Value {
    let schemas: Map<String, Value> = serde_json::from_str(SCHEMAS).unwrap_or_default();
    schemas.get(name).map(|schema| inlined(schema, &schemas, MAX_DEPTH)).unwrap_or_default()
}

fn inlined(schema: &Value, schemas: &Map<String, Value>, depth: usize) -> Value {
    match schema {
        Value::Object(fields) => {
            let name =
                fields.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(REFERENCE));
            let target = name.and_then(|name| schemas.get(name)).filter(|_| depth > 0);
            let mut merged = match target.map(|target| inlined(target, schemas, depth - 1)) {
                Some(Value::Object(target)) => target,
                _ => Map::new(),
            };
            // Fields next to the reference go before those of the type.
            let own = fields.iter().filter(|(key, _)| *key != "$ref");
            merged.extend(own.map(|(key, value)| (key.clone(), inlined(value, schemas, depth))));
            Value::Object(merged)
        }
        Value::Array(items) => items.iter().map(|item| inlined(item, schemas, depth)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_has_a_complete_schema_without_references() {
        let schema = of("ExportRequest");
        let text = schema.to_string();
        assert!(!text.contains("$ref"), "{text}");
        for field in ["datasets", "startDate", "labels", "layout", "startsWith", "formulaGuard", "parquet"] {
            assert!(text.contains(&format!("\"{field}\"")), "{field} is not in {text}");
        }
        assert_eq!(schema["required"], serde_json::json!(["datasets"]));
        assert!(of("ExportStatus").to_string().contains("succeeded"));
    }
}
