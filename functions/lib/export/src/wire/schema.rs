//! JSON schemas of the wire types, from which the description of the api is made. They are generated from the types
//! and kept in `schemas.json`: set `SLUICE_WRITE_GOLDEN=1` to write it again.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{All, DatasetList, DryRun, ExportList, ExportRequest, FileList, Health, Problem, TenantLimits};
use crate::failure::FailureCode;
use crate::id::{ChunkId, ExportId, TenantId};
use crate::manifest::Manifest;
use crate::request::MAX_SAMPLE_ROWS;

/// Path of the golden file.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas.json");

macro_rules! by_hand {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

by_hand!(ExportId, "ExportId", {"type": "string", "format": "uuid", "description": "Id of an export."});
by_hand!(ChunkId, "ChunkId", {"type": "string", "format": "uuid", "description": "Id of a chunk."});
by_hand!(TenantId, "TenantId", {"type": "string", "description": "Name of a tenant."});
by_hand!(FailureCode, "FailureCode", {
    "type": "string",
    "description": "Machine-readable reason of a failure. Further codes may be added.",
    "examples": ["schema_changed", "source_timeout"]
});

by_hand!(All, "All", {"type": "string", "enum": ["*"], "description": "The word `\"*\"`: all datasets the client may see."});

/// Filter of one column, as clients write it.
pub(super) struct Filter;

by_hand!(Filter, "Filter", {
    "description": "Filter of one column: a scalar (equal), a list (any of), null, or an object of operators, all of \
                    which must hold.",
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1, "maxItems": 500},
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": false,
            "properties": {
                "eq": {"type": ["string", "number", "boolean"], "description": "Equal, by the column's own type."},
                "ne": {"type": ["string", "number", "boolean"], "description": "Not equal; NULL does not pass."},
                "gt": {"type": ["string", "number", "boolean"], "description": "Greater."},
                "gte": {"type": ["string", "number", "boolean"], "description": "Greater or equal."},
                "lt": {"type": ["string", "number", "boolean"], "description": "Less."},
                "lte": {"type": ["string", "number", "boolean"], "description": "Less or equal."},
                "notIn": {
                    "type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1,
                    "maxItems": 500, "description": "Differs from each of the values; NULL does not pass."
                },
                "isNull": {"type": "boolean", "description": "True: only NULL passes; false: only other values."},
                "startsWith": {
                    "type": "string", "minLength": 1,
                    "description": "Begins with these characters, as they are written; on text and varchar."
                }
            }
        }
    ]
});

/// Period of a partition.
pub(super) struct Period;

by_hand!(Period, "Period", {
    "description": "Period of a partition. Its folders are named date=2024-03-15, month=2024-03 or year=2024.",
    "enum": ["day", "month", "year"]
});

/// Generates the schemas of every body, with what they refer to.
fn schemas() -> Map<String, Value> {
    let path = |settings: &mut SchemaSettings| settings.definitions_path = "/components/schemas".into();
    let mut requests = SchemaSettings::draft2020_12().with(path).into_generator();
    requests.subschema_for::<ExportRequest>();
    requests.subschema_for::<super::SavedRequest>();
    let mut responses = SchemaSettings::draft2020_12().with(path).for_serialize().into_generator();
    responses.subschema_for::<DatasetList>();
    responses.subschema_for::<super::DestinationList>();
    responses.subschema_for::<ExportList>();
    responses.subschema_for::<FileList>();
    responses.subschema_for::<super::ChunkList>();
    responses.subschema_for::<DryRun>();
    responses.subschema_for::<Manifest>();
    responses.subschema_for::<Problem>();
    responses.subschema_for::<Health>();
    responses.subschema_for::<TenantLimits>();
    responses.subschema_for::<super::SavedList>();
    responses.subschema_for::<super::SavedRunList>();
    let mut all = requests.take_definitions(true);
    // Optional in a request and without further fields, but complete in a manifest, and there may be more.
    let mut received = renamed(&responses.take_definitions(true), "CsvOptions", "CsvForm");
    received["CsvForm"].as_object_mut().map(|schema| schema.remove("additionalProperties"));
    for (name, schema) in received {
        let earlier = all.insert(name.clone(), schema.clone());
        assert!(earlier.is_none_or(|earlier| earlier == schema), "{name} is both sent and received");
    }
    only_what_is_accepted(&mut all);
    all.values_mut().for_each(as_enum);
    let short = short_form(&all);
    all.insert("ShortRequest".to_owned(), short);
    all
}

/// Returns schemas of which one has another name, with everything that refers to it.
fn renamed(all: &Map<String, Value>, from: &str, to: &str) -> Map<String, Value> {
    let quoted = |name: &str| format!("\"#/components/schemas/{name}\"");
    let text = serde_json::to_string(all).unwrap().replace(&quoted(from), &quoted(to));
    let mut all: Map<String, Value> = serde_json::from_str(&text).unwrap();
    let schema = all.remove(from).unwrap();
    all.insert(to.to_owned(), schema);
    all
}

/// Writes a choice of constants as `enum`, with the meaning of each in the description: generators of clients make no use
/// of described constants, and some refuse all but the first.
fn as_enum(schema: &mut Value) {
    let Some(choices) = schema["oneOf"].as_array().cloned() else { return };
    if choices.iter().any(|choice| !choice["const"].is_string()) {
        return;
    }
    let meanings = choices.iter().filter_map(|choice| {
        Some(format!("\n- `{}`: {}", choice["const"].as_str()?, choice["description"].as_str()?))
    });
    let described = schema["description"].as_str().unwrap_or_default().to_owned();
    let description = meanings.fold(described, |all, meaning| all + &meaning);
    let values: Vec<_> = choices.iter().map(|choice| choice["const"].clone()).collect();
    *schema = json!({"description": description, "enum": values, "type": "string"});
}

/// Corrects what the types of requests allow and the api does not: null in place of an absent field. Only the dates
/// may be null, which is an open bound.
fn only_what_is_accepted(all: &mut Map<String, Value>) {
    for name in ["ExportRequest", "DatasetRequest"] {
        let Some(properties) = all[name]["properties"].as_object_mut() else { continue };
        for (field, schema) in properties {
            if ["startDate", "endDate"].contains(&field.as_str()) {
                continue;
            }
            if let Some(types) = schema["type"].as_array().cloned() {
                schema["type"] = types.into_iter().find(|one| one != "null").unwrap_or_default();
            }
            if let Some(Value::Array(choices)) =
                schema.as_object_mut().and_then(|schema| schema.remove("anyOf"))
            {
                let choice = choices.into_iter().find(|choice| choice["type"] != "null").unwrap_or_default();
                for (key, value) in choice.as_object().into_iter().flatten() {
                    schema[key] = value.clone();
                }
            }
            schema.as_object_mut().map(|schema| schema.remove("default"));
        }
    }
    all["ExportRequest"]["properties"]["label"]["minLength"] = 1.into();
    all["ExportRequest"]["properties"]["label"]["maxLength"] = 200.into();
    all["ExportRequest"]["properties"]["labels"]["maxProperties"] = 20.into();
    all["DatasetRequest"]["properties"]["or"]["minItems"] = 1.into();
    all["DatasetRequest"]["properties"]["or"]["maxItems"] = 50.into();
    all["DatasetRequest"]["properties"]["limit"]["minimum"] = 1.into();
    all["DatasetRequest"]["properties"]["limit"]["maximum"] = MAX_SAMPLE_ROWS.into();
}

/// Returns the body of `POST /{dataset}`: the fields of a request, and those of the one dataset except its name.
fn short_form(all: &Map<String, Value>) -> Value {
    let mut properties = all["ExportRequest"]["properties"].clone();
    for field in ["columns", "filters", "or", "limit"] {
        properties[field] = all["DatasetRequest"]["properties"][field].clone();
    }
    properties.as_object_mut().map(|properties| properties.remove("datasets"));
    json!({
        "description": "Body of `POST /{dataset}`.", "type": "object", "properties": properties,
        "additionalProperties": false,
    })
}

#[test]
fn schemas_match_the_golden_file() {
    let text = format!("{}\n", serde_json::to_string_pretty(&schemas()).unwrap());
    if std::env::var_os("SLUICE_WRITE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &text).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    assert!(
        golden == text,
        "the wire types changed: run this test with SLUICE_WRITE_GOLDEN=1, then the api's tests"
    );
}

#[test]
fn every_field_is_described() {
    for (name, schema) in schemas() {
        assert!(schema["description"].is_string(), "{name}");
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            let described = schema["description"].is_string() || schema["$ref"].is_string();
            assert!(described, "{name}.{field}");
        }
    }
}
