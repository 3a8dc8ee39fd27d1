//! The catalog as the operator writes it, in TOML.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::relation_name::RelationName;
use super::semicolon::ends_a_statement;
use crate::problem::Violation;
use crate::range::MIN_SETTLE_SECS;

/// The operator's file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// Datasets by name.
    pub datasets: BTreeMap<String, Definition>,
}

/// One `[datasets.NAME]` table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Definition {
    /// Table or view to read, as [`RelationName`] reads it.
    pub relation: Option<String>,
    /// SELECT statement to read instead of a relation.
    pub query: Option<String>,
    /// Column at whose values ranges are cut.
    pub range_column: Option<String>,
    /// Handling of rows whose range column is NULL.
    pub nulls: Option<Nulls>,
    /// Zone in which a `date` or `timestamp` range column is written.
    pub time_zone: Option<String>,
    /// Column that holds the tenant.
    pub tenant_column: Option<String>,
    /// True if all tenants may see all rows.
    pub shared: bool,
    /// Names of the exported columns, or `*` for all.
    pub columns: Option<Vec<String>>,
    /// Names excluded from `*`.
    pub exclude: Vec<String>,
    /// Columns that Parquet keeps as strings, because they hold values that no Parquet type has.
    pub as_text: Vec<String>,
    /// Columns that requests may filter on.
    pub filters: Vec<String>,
    /// Schemas searched for names that the query, or a function it calls, writes without a schema; `pg_catalog` is
    /// always searched first.
    pub search_path: Vec<String>,
    /// Age from which rows no longer change, such as `1h`.
    pub settle_after: Option<String>,
    /// True if rows are ordered by range column and key.
    pub ordered: bool,
    /// Counter that is raised to discard everything computed so far.
    pub epoch: Option<u32>,
    /// True if `catalog apply` fails without an index on the range column; by default true above 10 GB.
    pub require_index: Option<bool>,
}

/// Handling of rows whose range column is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nulls {
    /// The rows are in no export.
    Exclude,
    /// The rows form one chunk of their own.
    Include,
}

impl Definition {
    /// Checks everything that can be checked without the source. Keys in `unread` were given with a value of another
    /// type: they count as given.
    pub(super) fn check(&self, path: &str, unread: &[&str]) -> Vec<Violation> {
        let unread = |key: &str| unread.contains(&key);
        let mut found = Vec::new();
        let mut say = |key: &str, message: &str, remedy: &str| {
            found.push(Violation::new(format!("{path}{key}"), message, remedy))
        };
        match (&self.relation, &self.query) {
            (None, None) if unread("relation") || unread("query") => {}
            (None, None) => say("", "relation or query is required", "set one of them"),
            (Some(_), Some(_)) => say("", "both relation and query are set", "keep one of them"),
            (Some(relation), None) => {
                if let Err(error) = RelationName::parse(relation) {
                    say(".relation", error.message(), error.remedy());
                }
            }
            (None, _) => {}
        }
        if self.query.as_deref().is_some_and(ends_a_statement) {
            say(
                ".query",
                "the query contains a semicolon outside of literals and comments",
                "use one SELECT statement without a semicolon",
            );
        }
        if self.search_path.iter().any(|schema| schema.is_empty() || schema.contains('\0')) {
            say(".search_path", "a name is empty or holds a NUL character", "list schema names");
        }
        if self.tenant_column.is_some() && self.shared {
            say(".shared", "tenant_column and shared cannot be combined", "keep one of them");
        }
        if self.range_column.is_none()
            && !unread("range_column")
            && (self.nulls.is_some() || self.time_zone.is_some() || self.settle_after.is_some())
        {
            say(
                "",
                "nulls, time_zone and settle_after need a range_column",
                "add range_column or remove them",
            );
        }
        if self.time_zone.as_deref().is_some_and(|z| TimeZone::get(z).is_err()) {
            say(".time_zone", "unknown time zone", "use an IANA name such as Europe/Amsterdam");
        }
        if self.settle_after.is_some() && self.settle_after_secs().is_none() {
            say(
                ".settle_after",
                "the value is not a duration",
                "write a whole number and a unit: 90s, 15m, 1h, 2d",
            );
        }
        if self.settle_after_secs().is_some_and(|secs| secs < MIN_SETTLE_SECS) {
            let remedy = "use 5s or more: a row can become visible some seconds after its timestamp";
            say(".settle_after", "the duration is too short", remedy);
        }
        if self.columns.as_deref().is_some_and(<[String]>::is_empty) {
            say(".columns", "the list is empty", "list columns, or omit the key for all");
        }
        found
    }

    /// Returns the name of the relation, if the definition has a valid one.
    pub fn relation_name(&self) -> Option<RelationName> {
        RelationName::parse(self.relation.as_deref()?).ok()
    }

    /// Returns the duration of `settle_after` in seconds, if it is a valid one.
    pub fn settle_after_secs(&self) -> Option<u64> {
        crate::duration::seconds(self.settle_after.as_deref()?)
    }
}
