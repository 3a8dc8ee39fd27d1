//! The catalog as the operator writes it, in TOML.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::semicolon::ends_a_statement;
use crate::problem::Violation;
use crate::range::MIN_SETTLE_SECS;

/// Names that are paths of the API and so cannot be datasets.
pub(super) const RESERVED: [&str; 4] = ["exports", "datasets", "health", "openapi.json"];

/// The operator's file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// By name.
    pub datasets: BTreeMap<String, Definition>,
}

/// One `[datasets.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Definition {
    /// `schema.name` of a table or view.
    pub relation: Option<String>,
    /// Or a SELECT statement.
    pub query: Option<String>,
    /// The column ranges are cut on.
    pub range_column: Option<String>,
    /// What happens to rows whose range column is NULL.
    pub nulls: Option<Nulls>,
    /// The zone in which a `date` or `timestamp` range column is written.
    pub time_zone: Option<String>,
    /// The column that holds the tenant.
    pub tenant_column: Option<String>,
    /// Whether all tenants may see all rows.
    pub shared: bool,
    /// Names, or `*` for all.
    pub columns: Option<Vec<String>>,
    /// Names left out of `*`.
    pub exclude: Vec<String>,
    /// Columns that Parquet keeps as strings, because they hold values that no Parquet type has.
    pub as_text: Vec<String>,
    /// Columns that requests may filter on.
    pub filters: Vec<String>,
    /// Schemas in which names are sought that the query, or a function it calls, writes without one; `pg_catalog` is
    /// always the first.
    pub search_path: Vec<String>,
    /// Such as `1h`: rows older than this no longer change.
    pub settle_after: Option<String>,
    /// Order rows by range column and key.
    pub ordered: bool,
    /// Raised to forget everything computed so far.
    pub epoch: Option<u32>,
    /// Refuse to apply without an index on the range column; by default above 10 GB.
    pub require_index: Option<bool>,
}

/// What happens to rows whose range column is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nulls {
    /// They are in no export.
    Exclude,
    /// They are one chunk of their own.
    Include,
}

impl Catalog {
    /// Reads the file and checks all that can be checked without the source.
    ///
    /// # Errors
    /// Every violation, with the dotted path of the key.
    pub fn parse(text: &str) -> Result<Self, Vec<Violation>> {
        let catalog: Self = toml::from_str(text).map_err(|error| {
            vec![Violation::new(
                "catalog",
                error.to_string().trim_end().to_owned(),
                "correct the TOML; the keys are described in the README",
            )]
        })?;
        let mut violations = Vec::new();
        if catalog.datasets.is_empty() {
            violations.push(Violation::new(
                "datasets",
                "the catalog has no dataset",
                "add a [datasets.NAME] table",
            ));
        }
        for (name, definition) in &catalog.datasets {
            violations.extend(check_name(name));
            violations.extend(definition.check(&format!("datasets.{name}")));
        }
        if violations.is_empty() { Ok(catalog) } else { Err(violations) }
    }
}

fn check_name(name: &str) -> Option<Violation> {
    let path = format!("datasets.{name}");
    let fits = |(i, b): (usize, u8)| b.is_ascii_lowercase() || (i > 0 && (b.is_ascii_digit() || b == b'_'));
    if name.is_empty() || name.len() > 63 || !name.bytes().enumerate().all(fits) {
        return Some(Violation::new(
            path,
            "the name does not match [a-z][a-z0-9_]{0,62}",
            "rename the dataset",
        ));
    }
    RESERVED
        .contains(&name)
        .then(|| Violation::new(path, "the name is a path of the API", "rename the dataset"))
}

impl Definition {
    fn check(&self, path: &str) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut say = |key: &str, message: &str, remedy: &str| {
            found.push(Violation::new(format!("{path}{key}"), message, remedy))
        };
        match (&self.relation, &self.query) {
            (None, None) => say("", "neither relation nor query is given", "give one of them"),
            (Some(_), Some(_)) => say("", "both relation and query are given", "keep one of them"),
            (Some(relation), None)
                if relation.split('.').count() != 2 || relation.split('.').any(str::is_empty) =>
            {
                say(".relation", "the name has no schema", "write it as schema.name");
            }
            _ => {}
        }
        if self.query.as_deref().is_some_and(ends_a_statement) {
            say(
                ".query",
                "the query holds a semicolon outside of literals and comments",
                "give one SELECT statement without a semicolon",
            );
        }
        if self.search_path.iter().any(|schema| schema.is_empty() || schema.contains('\0')) {
            say(".search_path", "a name is empty or holds a NUL character", "list names of schemas");
        }
        if self.tenant_column.is_some() && self.shared {
            say(".shared", "tenant_column and shared exclude each other", "keep one of them");
        }
        if self.range_column.is_none()
            && (self.nulls.is_some() || self.time_zone.is_some() || self.settle_after.is_some())
        {
            say(
                "",
                "nulls, time_zone and settle_after need a range_column",
                "add range_column or remove them",
            );
        }
        if self.time_zone.as_deref().is_some_and(|z| TimeZone::get(z).is_err()) {
            say(".time_zone", "the zone is unknown", "use an IANA name such as Europe/Amsterdam");
        }
        if self.settle_after.is_some() && self.settle_after_secs().is_none() {
            say(".settle_after", "this is no duration", "write a whole number and a unit: 90s, 15m, 1h, 2d");
        }
        if self.settle_after_secs().is_some_and(|secs| secs < MIN_SETTLE_SECS) {
            let remedy = "write 5s or more: a row can be seen some seconds after the time it is stamped with";
            say(".settle_after", "the duration is too short", remedy);
        }
        if self.columns.as_deref().is_some_and(<[String]>::is_empty) {
            say(".columns", "the list is empty", "name columns, or leave the key out for all");
        }
        found
    }

    /// The duration of `settle_after` in seconds, if it is one.
    pub fn settle_after_secs(&self) -> Option<u64> {
        crate::duration::seconds(self.settle_after.as_deref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_is_read() {
        let catalog = Catalog::parse("[datasets.orders]\nrelation = \"shop.orders\"\nrange_column = \"created_at\"\nsettle_after = \"1h\"\nshared = true\n").unwrap();
        assert_eq!(catalog.datasets["orders"].settle_after_secs(), Some(3600));
    }

    #[test]
    fn every_violation_is_listed() {
        let text = "[datasets.exports]\nrelation = \"orders\"\nshared = true\ntenant_column = \"a\"\ntime_zone = \"Mars/Phobos\"\nsettle_after = \"soon\"\ncolumns = []\n";
        let found = Catalog::parse(text).unwrap_err();
        let paths: Vec<_> = found.iter().map(|v| v.pointer.as_str()).collect();
        assert_eq!(
            paths,
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
    fn an_unknown_key_is_refused() {
        let found = Catalog::parse("[datasets.a]\nrelatoin = \"shop.a\"\n").unwrap_err();
        assert!(found[0].message.contains("relatoin"), "{}", found[0].message);
    }
}
