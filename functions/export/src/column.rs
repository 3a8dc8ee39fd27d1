//! Columns as resolved at `catalog apply`: PostgreSQL's type and how a worker reads it.

use serde::{Deserialize, Serialize};

/// The types that a worker decodes from COPY BINARY itself.
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
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    Timestamptz,
    /// `bytea`
    Bytea,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
}

/// How the select list names a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Read {
    /// As it is; the worker decodes the type's binary form.
    Native,
    /// `col::text`: the cast is PostgreSQL's own output function.
    Cast,
    /// Through `format('%s', col)`, for types whose cast to text differs from their output function
    /// (`inet::text` adds a mask, for one). It is exact by construction too.
    Output,
}

/// One column of a dataset, as resolved at `catalog apply`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// Its name in the relation or query.
    pub name: String,
    /// PostgreSQL's name of the type, as `format_type` writes it.
    pub type_name: String,
    /// OID of the type as `pg_typeof` reports it (a domain's own); compared before every COPY.
    pub oid: u32,
    /// Type modifier of a relation's column; -1 where there is none.
    pub typmod: i32,
    /// What arrives at the worker.
    pub kind: ColumnType,
    /// How it is selected.
    pub read: Read,
    /// Labels of an enum, in order; empty for all other types. A filter value is checked against them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

impl ColumnType {
    /// The native type of a base type's OID (`pg_type.dat`), if the worker decodes it.
    pub fn from_oid(oid: u32) -> Option<Self> {
        Some(match oid {
            16 => Self::Bool,
            17 => Self::Bytea,
            19 | 25 | 1042 | 1043 => Self::Text,
            20 => Self::Int8,
            21 => Self::Int2,
            23 => Self::Int4,
            114 => Self::Json,
            700 => Self::Float4,
            701 => Self::Float8,
            1082 => Self::Date,
            1114 => Self::Timestamp,
            1184 => Self::Timestamptz,
            1700 => Self::Numeric,
            2950 => Self::Uuid,
            3802 => Self::Jsonb,
            _ => return None,
        })
    }
}
