//! Facts about relations from the server's catalogs, on which a suggestion is based.

use export::catalog::RelationName;

/// A relation that could be a dataset.
#[derive(Clone, Debug, Default)]
pub(super) struct RelationFacts {
    pub(super) oid: u32,
    pub(super) name: Option<RelationName>,
    /// Schema and name in SQL form.
    pub(super) quoted: String,
    /// `pg_class.relkind`.
    pub(super) kind: String,
    /// Number of rows as of the last ANALYZE.
    pub(super) rows: Option<u64>,
    /// Size in bytes, without indexes. That of a view is 0.
    pub(super) bytes: u64,
    /// True if the role may read at least one column.
    pub(super) readable: bool,
    /// True if row-level security would hide rows from the role.
    pub(super) hides_rows: bool,
    /// False for a materialized view that was never refreshed.
    pub(super) populated: bool,
    /// Extension that the relation belongs to.
    pub(super) extension: Option<String>,
    /// Table it inherits from, in SQL form, if the role may read that.
    pub(super) parent: Option<String>,
    /// First column of the key, if it is partitioned by range.
    pub(super) partition_column: Option<String>,
    pub(super) columns: Vec<ColumnFacts>,
    /// Indexes that queries can use; for a view those of its tables.
    pub(super) indexes: Vec<IndexFacts>,
}

/// A column of a relation.
#[derive(Clone, Debug, Default)]
pub(super) struct ColumnFacts {
    pub(super) name: String,
    /// Name in SQL form.
    pub(super) quoted: String,
    /// OID of the type under all domains.
    pub(super) base: u32,
    /// Name of the type as `format_type` writes it.
    pub(super) type_name: String,
    /// `pg_type.typtype` of the type under all domains, or `a` for an array.
    pub(super) sort: String,
    /// True if `catalog check` requires `nulls` for it.
    pub(super) nullable: bool,
    /// True if the column of a view comes from one that is not null.
    pub(super) comes_from_not_null: bool,
    /// True if the role may read it.
    pub(super) readable: bool,
    /// Default expression of a date or timestamp.
    pub(super) default: Option<String>,
    /// Share of rows with NULL, from 0 to 1, as of the last ANALYZE.
    pub(super) null_share: Option<f64>,
    /// `pg_stats.n_distinct`.
    pub(super) distinct: Option<f64>,
}

/// An index without a condition.
#[derive(Clone, Debug, Default)]
pub(super) struct IndexFacts {
    pub(super) name: String,
    /// Access method, such as `btree`.
    pub(super) method: String,
    pub(super) primary: bool,
    pub(super) keys: Vec<IndexKey>,
}

/// A key column of an index.
#[derive(Clone, Debug)]
pub(super) struct IndexKey {
    /// Name of the column; `None` for an expression.
    pub(super) column: Option<String>,
    /// True if it has the default operator class of its type.
    pub(super) is_default: bool,
}

impl RelationFacts {
    /// Returns true for what `create index` accepts.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p" | "m")
    }

    /// Returns the name of the column's kind of relation.
    pub(super) fn kind_name(&self) -> &'static str {
        match self.kind.as_str() {
            "p" => "partitioned table",
            "v" => "view",
            "m" => "materialized view",
            "f" => "foreign table",
            _ => "table",
        }
    }
}

impl ColumnFacts {
    /// Returns true for a date or timestamp, by which ranges can be cut.
    pub(super) fn is_date(&self) -> bool {
        matches!(self.base, 1082 | 1114 | 1184)
    }

    /// Returns true for a date or timestamp without a zone of its own.
    pub(super) fn is_unzoned(&self) -> bool {
        matches!(self.base, 1082 | 1114)
    }
}

impl IndexFacts {
    /// Returns the position of the column among the keys.
    pub(super) fn place(&self, column: &str) -> Option<usize> {
        self.keys.iter().position(|key| key.column.as_deref() == Some(column))
    }
}
