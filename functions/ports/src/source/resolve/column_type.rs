//! How a worker reads each type: natively, by a cast, or through the type's output function.

use std::collections::BTreeMap;

use export::column::{ColumnType, Read};

use crate::source::{Inspector, SourceError};

/// A type as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// OID under all domains.
    pub(super) base: u32,
    /// The modifier its domain gives; -1 where there is none.
    pub(super) typmod: i32,
    /// As `format_type` writes it, without a modifier.
    pub(super) name: String,
    /// What arrives at the worker.
    pub(super) kind: ColumnType,
    /// How it is selected.
    pub(super) read: Read,
    /// Of an enum, in order.
    pub(super) labels: Vec<String>,
}

/// Resolves types by OID. Those that do not exist are not in the answer.
pub(super) async fn resolve(
    inspector: &mut Inspector,
    oids: impl IntoIterator<Item = u32>,
) -> Result<BTreeMap<u32, Type>, SourceError> {
    let oids: Vec<String> = oids.into_iter().map(|oid| oid.to_string()).collect();
    if oids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = inspector.texts(&question(&oids.join(", "))).await?;
    Ok(rows.iter().filter_map(|row| read(row)).collect())
}

fn question(oids: &str) -> String {
    format!(
        "with recursive t (oid, base, typmod) as (
    select oid, oid, -1 from pg_catalog.pg_type where oid in ({oids})
    union all
    select t.oid, d.typbasetype, case when t.typmod = -1 then d.typtypmod else t.typmod end
    from t join pg_catalog.pg_type d on d.oid = t.base
    where d.typtype = 'd'
)
select t.oid::bigint, t.base::bigint, t.typmod, b.typtype::text, format_type(t.oid, -1),
    (select k.castmethod::text from pg_catalog.pg_cast k
     where k.castsource = t.base and k.casttarget = 'pg_catalog.text'::regtype),
    array_to_json(array(select e.enumlabel::text from pg_catalog.pg_enum e
                        where e.enumtypid = t.base order by e.enumsortorder))::text
from t join pg_catalog.pg_type b on b.oid = t.base
where b.typtype <> 'd'"
    )
}

fn read(row: &[Option<String>]) -> Option<(u32, Type)> {
    let [oid, base, typmod, class, name, cast, labels] = row else { return None };
    let base = base.as_deref()?.parse().ok()?;
    let (kind, read) = decide(base, class.as_deref()? == "e", cast.as_deref());
    let labels = serde_json::from_str(labels.as_deref()?).ok()?;
    let typmod = typmod.as_deref()?.parse().ok()?;
    Some((oid.as_deref()?.parse().ok()?, Type { base, typmod, name: name.clone()?, kind, read, labels }))
}

/// What the worker does not decode comes as text. Without an entry in `pg_cast`, `::text` is the output
/// function itself. With a function (`f`) it is something else: `inet::text` adds a mask. Binary coercible
/// (`b`) hands on what is stored, where the output function may change it: `xml` loses its declaration.
fn decide(base: u32, is_enum: bool, cast: Option<&str>) -> (ColumnType, Read) {
    if let Some(kind) = ColumnType::from_oid(base) {
        return (kind, Read::Native);
    }
    match cast {
        // An enum's binary form is its label.
        _ if is_enum => (ColumnType::Text, Read::Native),
        Some("f" | "b") => (ColumnType::Text, Read::Output),
        _ => (ColumnType::Text, Read::Cast),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_so_that_its_text_is_postgresqls() {
        assert_eq!(decide(1184, false, None), (ColumnType::Timestamptz, Read::Native));
        // bpchar has a function that trims, but is decoded natively.
        assert_eq!(decide(1042, false, Some("f")), (ColumnType::Text, Read::Native));
        assert_eq!(decide(869, false, Some("f")), (ColumnType::Text, Read::Output));
        assert_eq!(decide(142, false, Some("b")), (ColumnType::Text, Read::Output));
        assert_eq!(decide(1186, false, None), (ColumnType::Text, Read::Cast));
        assert_eq!(decide(60_000, false, Some("i")), (ColumnType::Text, Read::Cast));
        assert_eq!(decide(60_001, true, None), (ColumnType::Text, Read::Native));
    }

    #[test]
    fn a_row_becomes_a_type() {
        let row = ["70000", "60001", "-1", "e", "shop.mood", "", "[\"fine\",\"so, so\"]"];
        let row: Vec<_> = row.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect();
        let (oid, found) = read(&row).unwrap();
        assert_eq!(
            (oid, found.base, found.labels),
            (70_000, 60_001, vec!["fine".to_owned(), "so, so".to_owned()])
        );
    }
}
