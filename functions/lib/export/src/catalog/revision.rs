//! Catalog with all names and types resolved against the source.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::TenantColumn;
use crate::column::Column;
use crate::id::hex;
use crate::range::{RangeKind, SliceKind};

/// All datasets as applied; identified by its content hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Datasets by name, in lower case.
    pub datasets: BTreeMap<String, Dataset>,
}

/// One dataset with names and types resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dataset {
    /// Relation or query to read.
    pub from: From,
    /// Columns that may be exported, in order.
    pub columns: Vec<Column>,
    /// Column at whose values ranges are cut, if there is one.
    pub range: Option<RangeColumn>,
    /// Column at whose values the rows are cut into slices, if no column divides them by date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SliceKey>,
    /// Column that holds the tenant; `None` means every tenant sees every row.
    pub tenant_column: Option<TenantColumn>,
    /// True if the operator allows every tenant to see every row.
    #[serde(default)]
    pub shared: bool,
    /// Columns that requests may filter on; they need not be among `columns`.
    pub filters: Vec<Column>,
    /// Seconds after which a row no longer changes, appears or vanishes; `None` means no chunk is reused.
    pub settle_after_secs: Option<u64>,
    /// Columns of the ORDER BY (range column, then key); empty means the rows are in the order in which they are
    /// found.
    pub order: Vec<String>,
    /// Counter that the operator raises to discard everything computed so far.
    pub epoch: u32,
    /// Schemas, after `pg_catalog`, searched for names that the query, or a function it calls, writes without a
    /// schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search_path: Vec<String>,
}

/// Relation or query that a dataset reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum From {
    /// A table or view.
    Relation {
        /// Schema of the relation.
        schema: String,
        /// Name of the relation.
        name: String,
    },
    /// A query, wrapped as a subquery.
    Query(String),
}

/// Column at whose values rows are cut into slices: NOT NULL, and the first of an index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SliceKey {
    /// Name of the column; `ctid` for blocks.
    pub column: String,
    /// Type of the column.
    pub kind: SliceKind,
}

impl SliceKey {
    /// Makes the key that cuts by blocks of the heap.
    pub fn blocks() -> Self {
        Self { column: "ctid".to_owned(), kind: SliceKind::Block }
    }
}

/// Column at whose values ranges are cut.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct RangeColumn {
    /// Name of the column.
    pub name: String,
    /// Type of the column.
    pub kind: RangeKind,
    /// IANA name of the zone in which a `date` or `timestamp` column is written, if the operator named it.
    pub time_zone: Option<String>,
    /// True if rows with NULL in this column are exported, as one chunk of their own.
    pub include_nulls: bool,
}

/// JSON form of a range column. Earlier releases wrote UTC if no zone was named, and read only `timeZone`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    name: String,
    kind: RangeKind,
    time_zone: String,
    include_nulls: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

impl std::convert::From<Written> for RangeColumn {
    fn from(written: Written) -> Self {
        let Written { name, kind, time_zone, include_nulls, zone } = written;
        let before = Some(time_zone).filter(|name| kind == RangeKind::Wall && name != "UTC");
        Self { name, kind, time_zone: zone.or(before), include_nulls }
    }
}

impl std::convert::From<RangeColumn> for Written {
    fn from(column: RangeColumn) -> Self {
        let RangeColumn { name, kind, time_zone: zone, include_nulls } = column;
        Self { name, kind, time_zone: zone.clone().unwrap_or_else(|| "UTC".to_owned()), include_nulls, zone }
    }
}

impl RangeColumn {
    /// Returns the zone in which days of a request are cut: UTC if none is named. It does not define when a day has
    /// ended; see [`Settle`](crate::range::Settle).
    pub fn zone(&self) -> TimeZone {
        self.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
    }
}

impl Revision {
    /// Returns the SHA-256 of the canonical JSON, in hexadecimal.
    pub fn id(&self) -> String {
        // Struct fields keep their order and maps are sorted, so the JSON is canonical.
        let json = serde_json::to_vec(self).expect("a revision is plain JSON");
        hex(&Sha256::digest(json))
    }

    /// Finds a dataset; names match without regard to case.
    pub fn find(&self, name: &str) -> Option<(&str, &Dataset)> {
        let lower = name.to_ascii_lowercase();
        self.datasets.get_key_value(&lower).map(|(name, dataset)| (name.as_str(), dataset))
    }
}

impl Dataset {
    /// Returns the exported column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_from_an_earlier_release_is_read_as_unknown() {
        let read = |kind: &str, zone: &str| {
            let json =
                serde_json::json!({"name": "at", "kind": kind, "timeZone": zone, "includeNulls": false});
            let column: RangeColumn = serde_json::from_value(json).unwrap();
            let again: RangeColumn = serde_json::from_value(serde_json::to_value(&column).unwrap()).unwrap();
            assert_eq!(again, column);
            column.time_zone
        };
        assert_eq!(read("date", "UTC"), None);
        assert_eq!(read("wall", "UTC"), None);
        assert_eq!(read("wall", "Asia/Kathmandu").as_deref(), Some("Asia/Kathmandu"));
        let named = RangeColumn {
            name: "at".into(),
            kind: RangeKind::Date,
            time_zone: Some("UTC".into()),
            include_nulls: true,
        };
        let json = serde_json::to_value(&named).unwrap();
        assert_eq!(serde_json::from_value::<RangeColumn>(json).unwrap(), named, "named, it is known");
    }
}
