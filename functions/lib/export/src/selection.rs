//! Selection of a chunk: everything that decides its bytes, except the range.

mod fit;

pub use fit::Unfit;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalog::{From, RangeColumn, SliceKey, TenantColumn};
use crate::column::{Column, Compare, Qualified};
use crate::format::{ENCODER_VERSION, Output};
use crate::id::{Fingerprint, TenantId};
use crate::range::Settle;

/// View of one dataset in one request. Chunks of equal selections may be reused for one another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// Name of the dataset.
    pub dataset: String,
    /// Relation or query to read.
    pub from: From,
    /// Columns, in the order of the file.
    pub columns: Vec<Column>,
    /// Column at whose values the range is cut.
    pub range_column: Option<RangeColumn>,
    /// Key at whose values the rows are cut into slices; only without a range column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SliceKey>,
    /// Column that must equal the tenant's id.
    pub tenant_column: Option<TenantColumn>,
    /// Conditions, all of which must hold.
    pub predicates: Vec<Predicate>,
    /// Groups of conditions, of which at least one must hold as a whole; empty for no such condition. Sorted, without
    /// repeats, and no group is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Vec<Predicate>>,
    /// Columns of the ORDER BY.
    pub order: Vec<String>,
    /// Maximum number of rows of a sample; `None` for all rows. A sample is one chunk and never settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Seconds after which rows are settled.
    pub settle_after_secs: Option<u64>,
    /// Counter that the operator raises to discard earlier results.
    pub epoch: u32,
    /// Form of the file.
    pub output: Output,
    /// Schemas, after `pg_catalog`, searched for names that are written without a schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search_path: Vec<String>,
}

/// Condition on one column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Predicate {
    /// Name of the column.
    pub column: String,
    /// Comparison with the values.
    pub test: Test,
    /// Operator of the comparison; `None` for a test for NULL, and in chunks written before the operator was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
}

/// Operator and the type of its values, each with its schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct By {
    /// Name of the operator.
    pub operator: Qualified,
    /// Type as which values are read.
    pub of: Qualified,
    /// OID of the column's type as `pg_typeof` reports it; compared before every COPY.
    pub oid: u32,
    /// True if arrays of the type exist.
    pub listable: bool,
    /// True if only the source can decide whether a value is one of the type: it is checked there before rows are
    /// read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untried: bool,
}

/// Comparison. Values are in PostgreSQL's input syntax of the column's type, checked when the request was read; they
/// reach SQL only through the one quoting function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Test {
    /// Is NULL.
    IsNull,
    /// Is not NULL: the opposite of `IsNull`, also for composite values.
    NotNull,
    /// Equals one of the values; sorted, without repeats, not empty.
    AnyOf(Vec<String>),
    /// `<>`; rows with NULL do not pass.
    Ne(String),
    /// Differs from each of the values; sorted, without repeats, not empty. Rows with NULL do not pass.
    NoneOf(Vec<String>),
    /// Begins with the characters of the value, exactly as they are written, whatever the collation. Only on `text` and
    /// `varchar`.
    StartsWith(String),
    /// `>`
    Gt(String),
    /// `>=`
    Gte(String),
    /// `<`
    Lt(String),
    /// `<=`
    Lte(String),
}

impl Test {
    /// Returns the operator that the test needs; the outer `None` for a test for NULL, the inner if the type has no
    /// such operator.
    fn operator(&self, compare: &Compare) -> Option<Option<Qualified>> {
        let order = compare.order.as_ref();
        Some(match self {
            Self::IsNull | Self::NotNull => return None,
            Self::AnyOf(_) => Some(compare.eq.clone()),
            Self::Ne(_) | Self::NoneOf(_) => compare.ne.clone(),
            Self::StartsWith(_) => compare.is_plain_text().then(|| Qualified::new("pg_catalog", "^@")),
            Self::Gt(_) => order.map(|order| order.gt.clone()),
            Self::Gte(_) => order.map(|order| order.gte.clone()),
            Self::Lt(_) => order.map(|order| order.lt.clone()),
            Self::Lte(_) => order.map(|order| order.lte.clone()),
        })
    }

    /// Returns the values of the comparison.
    pub fn values(&self) -> &[String] {
        match self {
            Self::IsNull | Self::NotNull => &[],
            Self::AnyOf(values) | Self::NoneOf(values) => values,
            Self::Ne(value)
            | Self::StartsWith(value)
            | Self::Gt(value)
            | Self::Gte(value)
            | Self::Lt(value)
            | Self::Lte(value) => std::slice::from_ref(value),
        }
    }
}

impl Predicate {
    /// Makes a test of a filter's column, by the operators of its type; `None` if the type has no such operator.
    pub fn of(column: &Column, test: Test) -> Option<Self> {
        let by = match &column.compare {
            // It needs to know the type.
            None if matches!(test, Test::StartsWith(_)) => return None,
            None => None,
            Some(compare) => match test.operator(compare) {
                None => None,
                Some(operator) => Some(By {
                    operator: operator?,
                    of: compare.of.clone(),
                    oid: column.oid,
                    listable: compare.listable,
                    untried: column.is_untried(),
                }),
            },
        };
        Some(Self { column: column.name.clone(), test, by })
    }

    /// Returns true if the test still has the same meaning with the present definition of the filter.
    fn fits(&self, filter: &Column) -> bool {
        let now = || Self::of(filter, self.test.clone()).and_then(|now| now.by);
        filter.name == self.column && (self.by.is_none() || self.by == now())
    }
}

impl Selection {
    /// Returns every condition, those of the alternatives included.
    pub fn conditions(&self) -> impl Iterator<Item = &Predicate> {
        self.predicates.iter().chain(self.alternatives.iter().flatten())
    }

    /// Returns the rule by which the rows are settled; `None` if there is none.
    pub fn settle(&self) -> Option<Settle> {
        let column = self.range_column.as_ref()?;
        Some(Settle { after_secs: self.settle_after_secs?, time_zone: column.time_zone.clone() })
    }

    /// Returns the SHA-256 over tenant, source and selection. `source` names the database that is read.
    pub fn fingerprint(&self, tenant: &TenantId, source: &str) -> Fingerprint {
        // Field order is fixed and lists are sorted by the request, so the JSON is canonical.
        let json = serde_json::to_vec(&(ENCODER_VERSION, tenant, source, self));
        // Without the JSON all selections of all tenants would have the same fingerprint.
        let json = json.expect("a selection is plain JSON");
        Fingerprint(Sha256::digest(json).into())
    }

    /// Returns a selection for tests: all rows of the relation `public.example`, as CSV, without a column so far.
    #[cfg(any(test, feature = "test-support"))]
    pub fn example() -> Self {
        Self {
            dataset: "example".to_owned(),
            from: From::Relation { schema: "public".to_owned(), name: "example".to_owned() },
            columns: Vec::new(),
            range_column: None,
            key: None,
            tenant_column: None,
            predicates: Vec::new(),
            alternatives: Vec::new(),
            order: Vec::new(),
            limit: None,
            settle_after_secs: None,
            epoch: 1,
            output: Output::default(),
            search_path: Vec::new(),
        }
    }
}
