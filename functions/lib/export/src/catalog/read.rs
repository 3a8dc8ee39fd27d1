//! Reading of the operator's file. Every error is reported at once: of the TOML, of names and keys, and of values.

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use toml::{Table, Value};

use super::definition::{Catalog, Definition};
use crate::near;
use crate::problem::Violation;

/// Names that are paths of the API and so cannot be datasets.
const RESERVED: [&str; 7] =
    ["exports", "saved", "datasets", "destinations", "health", "limits", "openapi.json"];

/// Maximum length of the name of a dataset.
const MAX_NAME: usize = 63;

/// Hint to the description of all keys.
const REFERENCE: &str = "see \"Keys of the catalog\" in docs/catalog.md";

/// Keys of other tools with their names in this catalog.
const SYNONYMS: [(&str, &str); 6] = [
    ("table", "relation"),
    ("view", "relation"),
    ("sql", "query"),
    ("date_column", "range_column"),
    ("timestamp_column", "range_column"),
    ("tenant", "tenant_column"),
];

impl Catalog {
    /// Reads the file and checks everything that can be checked without the source.
    ///
    /// # Errors
    /// Every violation, with the dotted path of the key.
    pub fn parse(text: &str) -> Result<Self, Vec<Violation>> {
        let table: Table = match toml::from_str(text) {
            Ok(table) => table,
            Err(error) => return Err(malformed(text, &error)),
        };
        let mut violations = Vec::new();
        for key in table.keys().filter(|key| *key != "datasets") {
            let remedy = near::remedy(key, ["datasets"], "write each dataset as [datasets.NAME]");
            violations.push(Violation::new(key, "unknown key", remedy));
        }
        let mut catalog = Self { datasets: Default::default() };
        let datasets = match table.get("datasets") {
            Some(Value::Table(datasets)) => datasets.clone(),
            None => Table::new(),
            Some(_) => {
                violations.push(Violation::new(
                    "datasets",
                    "the value is not a table",
                    "write [datasets.NAME]",
                ));
                return Err(violations);
            }
        };
        if datasets.is_empty() {
            violations.push(Violation::new(
                "datasets",
                "the catalog has no datasets",
                "add a [datasets.NAME] table",
            ));
        }
        for (name, value) in datasets {
            violations.extend(check_name(&name));
            let definition = read_definition(&format!("datasets.{name}"), value, &mut violations);
            catalog.datasets.insert(name, definition);
        }
        if violations.is_empty() { Ok(catalog) } else { Err(violations) }
    }

    /// Returns true if a dataset may have this name.
    pub fn accepts_name(name: &str) -> bool {
        check_name(name).is_none()
    }
}

impl Definition {
    /// Returns the keys of a `[datasets.NAME]` table.
    pub fn keys() -> &'static [&'static str] {
        let mut fields = Fields(&[]);
        // This always fails, after the deserializer has received the names.
        let _ = Self::deserialize(&mut fields);
        fields.0
    }
}

/// Reports all errors of the TOML with their lines. Keys and values of such a text cannot be checked.
fn malformed(text: &str, first: &toml::de::Error) -> Vec<Violation> {
    let (_, mut errors) = toml::de::DeTable::parse_recoverable(text);
    if errors.is_empty() {
        errors.push(first.clone());
    }
    let violation = |mut error: toml::de::Error| {
        error.set_input(Some(text));
        Violation::new("catalog", error.to_string().trim_end(), "fix the syntax error at this position")
    };
    errors.into_iter().map(violation).collect()
}

/// Reports whether a name consists of the characters that names of datasets may have.
fn is_well_formed(name: &str) -> bool {
    let fits = |(i, b): (usize, u8)| b.is_ascii_lowercase() || (i > 0 && (b.is_ascii_digit() || b == b'_'));
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().enumerate().all(fits)
}

fn check_name(name: &str) -> Option<Violation> {
    let path = format!("datasets.{name}");
    if !is_well_formed(name) {
        return Some(Violation::new(
            path,
            "the name does not match [a-z][a-z0-9_]{0,62}",
            "rename the dataset",
        ));
    }
    RESERVED
        .contains(&name)
        .then(|| Violation::new(path, "the name is reserved for a path of the API", "rename the dataset"))
}

/// Reads one dataset key by key, so that a wrong key does not hide other errors.
fn read_definition(path: &str, value: Value, violations: &mut Vec<Violation>) -> Definition {
    let Value::Table(table) = value else {
        violations.push(Violation::new(path, "the value is not a table", format!("write [{path}]")));
        return Definition::default();
    };
    let (mut good, mut unread) = (Table::new(), Vec::new());
    for (key, value) in table {
        let Some(known) = Definition::keys().iter().find(|known| **known == key) else {
            violations.push(Violation::new(format!("{path}.{key}"), "unknown key", unknown(&key)));
            continue;
        };
        let one = Table::from_iter([(key.clone(), value.clone())]);
        match Definition::deserialize(Value::Table(one)) {
            Ok(_) => {
                good.insert(key, value);
            }
            Err(error) => {
                let remedy = format!("correct the value; {REFERENCE}");
                violations.push(Violation::new(format!("{path}.{key}"), error.message(), remedy));
                unread.push(*known);
            }
        }
    }
    let definition = Definition::deserialize(Value::Table(good)).unwrap_or_default();
    violations.extend(definition.check(path, &unread));
    definition
}

fn unknown(key: &str) -> String {
    if let Some((_, meant)) = SYNONYMS.iter().find(|(other, _)| *other == key) {
        return format!("did you mean {meant}? {REFERENCE}");
    }
    let keys = Definition::keys();
    let otherwise = format!("the allowed keys are {}", keys.join(", "));
    let separator = if near::near(key, keys.iter().copied()).is_empty() { ";" } else { "" };
    format!("{}{separator} {REFERENCE}", near::remedy(key, keys.iter().copied(), &otherwise))
}

/// Deserializer that records the field names of a struct.
struct Fields(&'static [&'static str]);

impl<'de> Deserializer<'de> for &mut Fields {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("only the fields of a struct are read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0 = fields;
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        Catalog::parse(text).unwrap_err().into_iter().map(|found| found.pointer).collect()
    }

    #[test]
    fn catalog_is_parsed() {
        let catalog = Catalog::parse("[datasets.orders]\nrelation = \"shop.orders\"\nrange_column = \"created_at\"\nsettle_after = \"1h\"\nshared = true\n").unwrap();
        assert_eq!(catalog.datasets["orders"].settle_after_secs(), Some(3600));
    }

    #[test]
    fn every_violation_is_listed() {
        let text = "[datasets.exports]\nrelation = \"orders\"\nshared = true\ntenant_column = \"a\"\ntime_zone = \"Mars/Phobos\"\nsettle_after = \"soon\"\ncolumns = []\n";
        assert_eq!(
            paths(text),
            [
                "datasets.exports",
                "datasets.exports.relation",
                "datasets.exports.shared",
                "datasets.exports",
                "datasets.exports.time_zone",
                "datasets.exports.settle_after",
                "datasets.exports.columns"
            ]
        );
    }

    #[test]
    fn settling_takes_at_least_seconds() {
        let found = |after: &str| {
            Catalog::parse(&format!(
                "[datasets.a]\nrelation = \"shop.a\"\nrange_column = \"at\"\nsettle_after = \"{after}\"\n"
            ))
        };
        assert!(found("5s").is_ok());
        for short in ["0s", "4s", "0d"] {
            assert_eq!(found(short).unwrap_err()[0].pointer, "datasets.a.settle_after", "{short}");
        }
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_reported_together() {
        let text = "title = \"x\"\n[datasets.a]\nrelatoin = \"shop.a\"\n[datasets.b]\ntable = \"shop.b\"\nfrobnicate = 1\n[datasets.c]\nrelation = 7\nshared = \"yes\"\nnulls = \"maybe\"\n[datasets.d]\nrelation = \"d\"\n";
        let found = Catalog::parse(text).unwrap_err();
        let violations: Vec<_> = found.iter().map(|v| (v.pointer.as_str(), v.remedy.as_str())).collect();
        let remedy = |path: &str| violations.iter().find(|(p, _)| *p == path).unwrap().1;
        assert!(remedy("datasets.a.relatoin").starts_with("did you mean relation?"));
        assert!(remedy("datasets.b.table").starts_with("did you mean relation?"));
        assert!(
            remedy("datasets.b.frobnicate").starts_with("the allowed keys are relation, query, range_column")
        );
        for path in ["title", "datasets.a", "datasets.c.relation", "datasets.c.shared", "datasets.c.nulls"] {
            remedy(path);
        }
        assert_eq!(remedy("datasets.d.relation"), "write it as schema.name");
        assert!(!violations.iter().any(|(path, _)| *path == "datasets.c"), "{violations:?}");
    }

    #[test]
    fn every_error_of_the_toml_is_reported() {
        let found = Catalog::parse("[datasets.a]\nrelation = \nshared = tru\n[datasets.b\n").unwrap_err();
        assert!(found.len() >= 3, "{found:?}");
        assert!(found.iter().all(|v| v.pointer == "catalog" && v.message.contains("line")), "{found:?}");
    }

    #[test]
    fn every_catalog_key_is_documented_with_a_valid_example() {
        let guide = include_str!("../../../../../docs/catalog.md");
        let table = guide.split("## Keys of the catalog").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows: Vec<Vec<&str>> = table
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
            .collect();
        let listed: Vec<_> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
        assert_eq!(listed, Definition::keys(), "in the order of the definition");
        for row in rows {
            let [key, example] = [row[0], row[1]].map(|cell| cell.trim_matches('`'));
            let mut text = format!("[datasets.d]\n{example}\n");
            if key != "relation" && key != "query" {
                text.push_str("relation = \"shop.orders\"\n");
            }
            if ["nulls", "time_zone", "settle_after"].contains(&key) {
                text.push_str("range_column = \"created_at\"\n");
            }
            assert!(example.starts_with(&format!("{key} = ")), "{example}");
            assert_eq!(Catalog::parse(&text).map(|_| ()), Ok(()), "{example}");
        }
    }
}
