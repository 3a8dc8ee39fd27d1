//! The catalog: the operator's file, and the revision that is made from it.

mod definition;
mod read;
mod relation_name;
mod revision;
mod semicolon;
mod tenant_column;

pub use definition::{Catalog, Definition, Nulls};
pub use relation_name::{RelationName, RelationNameError};
pub use revision::{Dataset, From, RangeColumn, Revision, SliceKey};
pub use tenant_column::{Identity, TenantColumn, TenantType};
