//! A catalog with everything resolved against the source.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::TenantColumn;
use crate::column::Column;
use crate::id::hex;
use crate::range::RangeKind;

/// All datasets as applied; named by its content hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// By name, which is lower case.
    pub datasets: BTreeMap<String, Dataset>,
}

/// One dataset with names and types resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dataset {
    /// What is read.
    pub from: From,
    /// The columns that may be exported, in order.
    pub columns: Vec<Column>,
    /// The column ranges are cut on, if there is one.
    pub range: Option<RangeColumn>,
    /// The column that holds the tenant; `None` means every tenant sees every row.
    pub tenant_column: Option<TenantColumn>,
    /// Whether the operator said that every tenant may see every row.
    #[serde(default)]
    pub shared: bool,
    /// Columns that requests may filter on; they need not be among `columns`.
    pub filters: Vec<Column>,
    /// Seconds after which a row no longer changes, appears or vanishes; `None`: nothing is reused.
    pub settle_after_secs: Option<u64>,
    /// Columns of the ORDER BY (range column, then key); empty: the rows come as they are found.
    pub order: Vec<String>,
    /// Raised by the operator to forget everything computed so far.
    pub epoch: u32,
    /// Schemas, after `pg_catalog`, in which names are sought that the query, or a function it calls, writes without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search_path: Vec<String>,
}

/// What a dataset reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum From {
    /// A table or view.
    Relation {
        /// Its schema.
        schema: String,
        /// Its name.
        name: String,
    },
    /// A query, wrapped as a subquery.
    Query(String),
}

/// The column that ranges are cut on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct RangeColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: RangeKind,
    /// IANA name of the zone in which a `date` or `timestamp` column is written, if the operator named it.
    pub time_zone: Option<String>,
    /// Whether rows with NULL there are exported, as one chunk of their own.
    pub include_nulls: bool,
}

/// A range column in JSON. Releases before wrote UTC where no zone was named, and read `timeZone` alone.
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
    /// The zone in which days of a request are cut: UTC where none is named. It does not say when a day has ended; see
    /// [`Settle`](crate::range::Settle).
    pub fn zone(&self) -> TimeZone {
        self.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
    }
}

impl Revision {
    /// SHA-256 of the canonical JSON, in hexadecimal.
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
    /// The exported column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_that_was_not_named_is_unknown_also_where_an_earlier_release_wrote_utc() {
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
