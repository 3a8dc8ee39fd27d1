//! A catalog with everything resolved against the source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
    pub tenant_column: Option<String>,
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
#[serde(rename_all = "camelCase")]
pub struct RangeColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: RangeKind,
    /// IANA name of the zone in which a `timestamp` column was written; `UTC` for the others.
    pub time_zone: String,
    /// Whether rows with NULL there are exported, as one chunk of their own.
    pub include_nulls: bool,
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
