//! Columns as resolved at `catalog apply`: PostgreSQL's type and the form in which a worker reads it.

use serde::{Deserialize, Serialize};

/// Types that a worker decodes from COPY BINARY itself.
///
/// Source of the wire forms: the `*send` functions of PostgreSQL's `src/backend/utils/adt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`, any precision
    Numeric,
    /// `text`, `varchar`, `char(n)`, `name`, enums, and everything that is selected as text
    Text,
    /// `"char"`: one byte
    Char,
    /// `oid`
    Oid,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `time without time zone`
    Time,
    /// `time with time zone`
    Timetz,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    Timestamptz,
    /// `interval`
    Interval,
    /// `bytea`
    Bytea,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `inet` and `cidr`; the value itself contains which of the two it is
    Inet,
}

/// Form in which the select list names a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Read {
    /// Unchanged; the worker decodes the type's binary form.
    Native,
    /// As text, by `col::text`: the cast is PostgreSQL's own output function. For NDJSON as JSON, by
    /// `to_json(col)::text`.
    Cast,
    /// As text, through `format('%s', col)`, for types whose cast to text differs from their output function (for
    /// example `xml::text` keeps the declaration). It is exact by construction too. For NDJSON as JSON, like `Cast`.
    Output,
}

/// One column of a dataset, as resolved at `catalog apply`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// Name in the relation or query.
    pub name: String,
    /// PostgreSQL's name of the type, as written by `format_type`.
    pub type_name: String,
    /// OID of the type as `pg_typeof` reports it (a domain's own); compared before every COPY.
    pub oid: u32,
    /// Type modifier of a relation's column, or of its domain; -1 if there is none.
    pub typmod: i32,
    /// Type that arrives at the worker; for an array, the type of its elements.
    pub kind: ColumnType,
    /// True if the column is an array of `kind`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub array: bool,
    /// True if Parquet keeps the column as a string, because the operator declared that it holds values no Parquet
    /// type has. CSV and NDJSON are the same either way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_text: bool,
    /// Form in which the column is selected.
    pub read: Read,
    /// Labels of an enum, or of an array's elements, in order; empty for all other types. The filter value of an enum
    /// is checked against them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Comparison operators of a filter column. Absent in catalogs applied before operators were resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
}

/// Name with its schema. It does not depend on any `search_path`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Qualified {
    /// Schema of the name.
    pub schema: String,
    /// Name within the schema.
    pub name: String,
}

/// Operators that compare values of a type: those of its default operator class. A lookup of `=` by name alone would
/// find another operator if the type's own is in a schema that the `search_path` does not name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compare {
    /// Base type under all domains; a value is read as this type, without a modifier that would truncate it.
    pub of: Qualified,
    /// True if arrays of the type exist.
    pub listable: bool,
    /// `=`
    pub eq: Qualified,
    /// `<>`, if the type has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ne: Option<Qualified>,
    /// Order operators, if values of the type have an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

/// Operators of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// `<`
    pub lt: Qualified,
    /// `<=`
    pub lte: Qualified,
    /// `>=`
    pub gte: Qualified,
    /// `>`
    pub gt: Qualified,
}

impl Compare {
    /// Returns true if the values are of PostgreSQL's `text` or `varchar`, under all domains.
    pub fn is_plain_text(&self) -> bool {
        self.of.schema == "pg_catalog" && matches!(self.of.name.as_str(), "text" | "varchar")
    }
}

impl Qualified {
    /// Makes the qualified name.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }
}

impl Column {
    /// Makes a column of the type with that OID which is read unchanged.
    pub fn native(name: impl Into<String>, oid: u32, kind: ColumnType) -> Self {
        Self {
            name: name.into(),
            type_name: format!("{kind:?}").to_lowercase(),
            oid,
            typmod: -1,
            kind,
            array: false,
            as_text: false,
            read: Read::Native,
            labels: vec![],
            compare: None,
        }
    }
}

impl Column {
    /// Returns true if only the source can decide whether a text is a value of the type; for the other types the
    /// request is checked.
    pub fn is_untried(&self) -> bool {
        let known = self.read == Read::Native && !matches!(self.kind, ColumnType::Json | ColumnType::Jsonb);
        self.array || (!known && self.labels.is_empty())
    }
}

impl ColumnType {
    /// All column types.
    pub const ALL: [Self; 21] = [
        Self::Bool,
        Self::Int2,
        Self::Int4,
        Self::Int8,
        Self::Float4,
        Self::Float8,
        Self::Numeric,
        Self::Text,
        Self::Char,
        Self::Oid,
        Self::Uuid,
        Self::Date,
        Self::Time,
        Self::Timetz,
        Self::Timestamp,
        Self::Timestamptz,
        Self::Interval,
        Self::Bytea,
        Self::Json,
        Self::Jsonb,
        Self::Inet,
    ];

    /// Returns the native type of a base type's OID (`pg_type.dat`), if the worker decodes it.
    pub fn from_oid(oid: u32) -> Option<Self> {
        Some(match oid {
            16 => Self::Bool,
            17 => Self::Bytea,
            18 => Self::Char,
            19 | 25 | 1042 | 1043 => Self::Text,
            20 => Self::Int8,
            21 => Self::Int2,
            23 => Self::Int4,
            26 => Self::Oid,
            114 => Self::Json,
            650 | 869 => Self::Inet,
            700 => Self::Float4,
            701 => Self::Float8,
            1082 => Self::Date,
            1083 => Self::Time,
            1114 => Self::Timestamp,
            1184 => Self::Timestamptz,
            1186 => Self::Interval,
            1266 => Self::Timetz,
            1700 => Self::Numeric,
            2950 => Self::Uuid,
            3802 => Self::Jsonb,
            _ => return None,
        })
    }
}
