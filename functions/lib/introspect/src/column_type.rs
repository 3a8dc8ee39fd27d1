//! Decoding of each type by a worker: natively, by a cast, or through the type's output function.

use std::collections::BTreeMap;

use export::column::{ColumnType, Read};

use source::{Inspector, SourceError};

/// A type with its decoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// OID under all domains.
    pub(super) base: u32,
    /// Type modifier given by its domain, or that of its elements; -1 if there is none.
    pub(super) typmod: i32,
    /// Name as `format_type` writes it, without a modifier.
    pub(super) name: String,
    /// Type received by the worker; for an array, that of its elements.
    pub(super) kind: ColumnType,
    /// True if it is an array of `kind`.
    pub(super) array: bool,
    /// Expression by which it is selected.
    pub(super) read: Read,
    /// Labels of an enum, or of an array of an enum, in order.
    pub(super) labels: Vec<String>,
}

/// Resolves types by OID. Types that do not exist are missing from the result.
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

/// Returns the query for each type with its base under all domains, the modifier they give, and of an array the base
/// of its elements. Arrays are recognised by their output function: `int2vector` has elements too, but is written
/// differently. An enum with a user-defined conversion to JSON is not treated as a plain label.
fn question(oids: &str) -> String {
    format!(
        "with recursive t (oid, base, typmod) as (
    select oid, oid, -1 from pg_catalog.pg_type where oid in ({oids})
    union all
    select t.oid, d.typbasetype, case when t.typmod = -1 then d.typtypmod else t.typmod end
    from t join pg_catalog.pg_type d on d.oid = t.base
    where d.typtype = 'd'
), a (oid, element, typmod) as (
    select distinct b.oid, b.typelem, -1 from pg_catalog.pg_type b
    where b.oid in (select base from t) and b.typoutput = 'pg_catalog.array_out'::regproc
    union all
    select a.oid, d.typbasetype, case when a.typmod = -1 then d.typtypmod else a.typmod end
    from a join pg_catalog.pg_type d on d.oid = a.element
    where d.typtype = 'd'
)
select t.oid::bigint, t.base::bigint, case when t.typmod = -1 then coalesce(a.typmod, -1) else t.typmod end, e.oid::bigint, format_type(t.oid, -1),
    coalesce(e.typtype, b.typtype) = 'e' and not exists (select from pg_catalog.pg_cast k
        where k.castsource = coalesce(e.oid, b.oid) and k.casttarget = 'pg_catalog.json'::regtype),
    (select k.castmethod::text from pg_catalog.pg_cast k
     where k.castsource = t.base and k.casttarget = 'pg_catalog.text'::regtype),
    array_to_json(array(select l.enumlabel::text from pg_catalog.pg_enum l
                        where l.enumtypid = coalesce(e.oid, t.base) order by l.enumsortorder))::text
from t join pg_catalog.pg_type b on b.oid = t.base
left join (a join pg_catalog.pg_type e on e.oid = a.element and e.typtype <> 'd') on a.oid = t.base
where b.typtype <> 'd'"
    )
}

fn read(row: &[Option<String>]) -> Option<(u32, Type)> {
    let [oid, base, typmod, element, name, label, cast, labels] = row else { return None };
    let base = base.as_deref()?.parse().ok()?;
    let element = element.as_deref().map(str::parse).transpose().ok()?;
    let (kind, array, read) = decide(base, element, label.as_deref()? == "t", cast.as_deref());
    let labels = serde_json::from_str(labels.as_deref()?).ok()?;
    let typmod = typmod.as_deref()?.parse().ok()?;
    let found = Type { base, typmod, name: name.clone()?, kind, array, read, labels };
    Some((oid.as_deref()?.parse().ok()?, found))
}

/// Chooses the decoding. Types that the worker does not decode are received as text. Without an entry in `pg_cast`,
/// `::text` is the output function itself. With a function (`f`) the result differs: `inet::text` adds a mask. A
/// binary coercible cast (`b`) passes the stored bytes on, where the output function may change them: `xml` loses its
/// declaration.
///
/// `label`: true if the type, or the type of the array's elements, is an enum whose binary form, the label,
/// represents it completely.
fn decide(base: u32, element: Option<u32>, label: bool, cast: Option<&str>) -> (ColumnType, bool, Read) {
    let scalar = element.unwrap_or(base);
    let native = ColumnType::from_oid(scalar).or(label.then_some(ColumnType::Text));
    match (native, cast) {
        (Some(kind), _) => (kind, element.is_some(), Read::Native),
        (None, Some("f" | "b")) => (ColumnType::Text, false, Read::Output),
        (None, _) => (ColumnType::Text, false, Read::Cast),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_so_that_text_matches_postgresql() {
        let decide = |base, label, cast| decide(base, None, label, cast);
        assert_eq!(decide(1184, false, None), (ColumnType::Timestamptz, false, Read::Native));
        // bpchar and inet have functions that change the text, but are decoded natively.
        assert_eq!(decide(1042, false, Some("f")), (ColumnType::Text, false, Read::Native));
        assert_eq!(decide(869, false, Some("f")), (ColumnType::Inet, false, Read::Native));
        assert_eq!(decide(142, false, Some("b")), (ColumnType::Text, false, Read::Output));
        assert_eq!(decide(790, false, Some("f")), (ColumnType::Text, false, Read::Output));
        assert_eq!(decide(3904, false, None), (ColumnType::Text, false, Read::Cast));
        assert_eq!(decide(60_000, false, Some("i")), (ColumnType::Text, false, Read::Cast));
        assert_eq!(decide(60_001, true, None), (ColumnType::Text, false, Read::Native));
    }

    #[test]
    fn an_array_is_read_like_its_elements() {
        assert_eq!(decide(1009, Some(25), false, None), (ColumnType::Text, true, Read::Native));
        assert_eq!(decide(60_002, Some(60_001), true, None), (ColumnType::Text, true, Read::Native));
        // Ranges, for example.
        assert_eq!(decide(3905, Some(3904), false, None), (ColumnType::Text, false, Read::Cast));
    }

    #[test]
    fn type_row_is_parsed() {
        let row = ["70000", "60001", "-1", "", "shop.mood", "t", "", "[\"fine\",\"so, so\"]"];
        let row: Vec<_> = row.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect();
        let (oid, found) = read(&row).unwrap();
        assert_eq!((oid, found.base, found.array), (70_000, 60_001, false));
        assert_eq!(found.labels, ["fine", "so, so"]);
    }
}
