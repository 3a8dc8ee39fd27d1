//! What a chunk reads and how it is written: all that decides its bytes, except the range.

mod fit;

pub use fit::Unfit;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalog::{From, RangeColumn};
use crate::column::Column;
use crate::format::{ENCODER_VERSION, Output};
use crate::id::{Fingerprint, TenantId};

/// A dataset as one request sees it. Chunks of equal selections may be reused for one another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// The dataset's name.
    pub dataset: String,
    /// What is read.
    pub from: From,
    /// The columns, in the order of the file.
    pub columns: Vec<Column>,
    /// The column that the range is cut on.
    pub range_column: Option<RangeColumn>,
    /// The column that must equal the tenant's id.
    pub tenant_column: Option<String>,
    /// Conditions, all of which must hold.
    pub predicates: Vec<Predicate>,
    /// Columns of the ORDER BY.
    pub order: Vec<String>,
    /// Seconds after which rows are settled.
    pub settle_after_secs: Option<u64>,
    /// The operator's counter.
    pub epoch: u32,
    /// How the file is written.
    pub output: Output,
}

/// One condition on one column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Predicate {
    /// The column.
    pub column: String,
    /// The comparison.
    pub test: Test,
}

/// A comparison. Values are in PostgreSQL's input syntax of the column's type, checked when the
/// request was read; they reach SQL only through the one quoting function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Test {
    /// Is NULL.
    IsNull,
    /// Equals one of the values; sorted, without repeats, not empty.
    AnyOf(Vec<String>),
    /// `<>`; rows with NULL do not pass.
    Ne(String),
    /// `>`
    Gt(String),
    /// `>=`
    Gte(String),
    /// `<`
    Lt(String),
    /// `<=`
    Lte(String),
}

impl Selection {
    /// SHA-256 over tenant, source and selection. `source` names the database that is read.
    pub fn fingerprint(&self, tenant: &TenantId, source: &str) -> Fingerprint {
        // Field order is fixed and lists are sorted by the request, so the JSON is canonical.
        let json = serde_json::to_vec(&(ENCODER_VERSION, tenant, source, self));
        // Without it all selections of all tenants would be one.
        let json = json.expect("a selection is plain JSON");
        Fingerprint(Sha256::digest(json).into())
    }
}
