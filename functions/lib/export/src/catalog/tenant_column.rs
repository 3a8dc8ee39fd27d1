//! Tenant column of a dataset, and the type properties that decide the comparison of ids with it.
//!
//! A tenant's id must match the rows of that tenant only. Equality in SQL is wider than that: an integer column reads
//! `0xa` as 10, a uuid column reads one without hyphens, and under a nondeterministic collation `acme` equals `ACME`.

use serde::{Deserialize, Serialize};

use crate::column::ColumnType;

/// A tenant column as resolved at `catalog apply`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub struct TenantColumn {
    /// Name of the column.
    pub name: String,
    /// Type of the column; `None` in catalogs and chunks written before the type was stored. Ids are then compared by
    /// their bytes as well.
    pub of: Option<TenantType>,
}

/// Properties of the type that define equality for a tenant column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantType {
    /// OID of the type as `pg_typeof` reports it (a domain's own); compared before every COPY.
    pub oid: u32,
    /// Base type under all domains.
    pub kind: ColumnType,
    /// True if equal texts have equal bytes. For a text type it is compared before every COPY.
    pub deterministic: bool,
}

/// Check that an id must pass in addition to the plain equality, which an index serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// No further check: equal values have one spelling.
    Value,
    /// The id must be the canonical spelling of its value, by the type of this name.
    Spelling(&'static str),
    /// The row's value must have the same bytes as the id.
    Bytes,
}

impl TenantColumn {
    /// Returns the check that makes the comparison exact. The spelling is checked once, on the id: a condition on
    /// each row would mislead the planner, which has no statistics about the text form of a number.
    pub fn identity(&self) -> Identity {
        match self.of {
            Some(TenantType { kind: ColumnType::Text, deterministic: true, .. }) => Identity::Value,
            Some(TenantType { kind: ColumnType::Int2, .. }) => Identity::Spelling("int2"),
            Some(TenantType { kind: ColumnType::Int4, .. }) => Identity::Spelling("int4"),
            Some(TenantType { kind: ColumnType::Int8, .. }) => Identity::Spelling("int8"),
            Some(TenantType { kind: ColumnType::Uuid, .. }) => Identity::Spelling("uuid"),
            _ => Identity::Bytes,
        }
    }

    /// Returns true if a selection made with this column is still right when the catalog has `present`.
    pub fn fits(&self, present: &Self) -> bool {
        self.name == present.name && (self.of.is_none() || self.of == present.of)
    }
}

impl From<&str> for TenantColumn {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), of: None }
    }
}

/// JSON form. Before the type was stored it was the name alone.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Name(String),
    Typed {
        name: String,
        #[serde(flatten)]
        of: TenantType,
    },
}

impl From<Form> for TenantColumn {
    fn from(form: Form) -> Self {
        match form {
            Form::Name(name) => Self { name, of: None },
            Form::Typed { name, of } => Self { name, of: Some(of) },
        }
    }
}

impl From<TenantColumn> for Form {
    fn from(TenantColumn { name, of }: TenantColumn) -> Self {
        match of {
            None => Self::Name(name),
            Some(of) => Self::Typed { name, of },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(oid: u32, kind: ColumnType, deterministic: bool) -> TenantColumn {
        TenantColumn { name: "account".into(), of: Some(TenantType { oid, kind, deterministic }) }
    }

    #[test]
    fn an_unknown_type_is_compared_by_bytes() {
        assert_eq!(TenantColumn::from("account").identity(), Identity::Bytes);
        assert_eq!(of(25, ColumnType::Text, true).identity(), Identity::Value);
        assert_eq!(of(25, ColumnType::Text, false).identity(), Identity::Bytes);
        assert_eq!(of(23, ColumnType::Int4, true).identity(), Identity::Spelling("int4"));
        assert_eq!(of(2950, ColumnType::Uuid, true).identity(), Identity::Spelling("uuid"));
        assert_eq!(of(18, ColumnType::Char, true).identity(), Identity::Bytes);
    }

    #[test]
    fn tenant_columns_of_older_catalogs_are_still_read() {
        let old: TenantColumn = serde_json::from_str("\"account\"").unwrap();
        assert_eq!(old, TenantColumn::from("account"));
        assert_eq!(serde_json::to_string(&old).unwrap(), "\"account\"");
        let new = of(25, ColumnType::Text, true);
        let json = serde_json::to_string(&new).unwrap();
        assert_eq!(json, r#"{"name":"account","oid":25,"kind":"text","deterministic":true}"#);
        assert_eq!(serde_json::from_str::<TenantColumn>(&json).unwrap(), new);
        assert!(old.fits(&new) && !new.fits(&of(23, ColumnType::Int4, true)) && !new.fits(&"other".into()));
    }
}
