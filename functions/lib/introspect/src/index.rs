//! Check that a short range is read without reading everything.

use std::collections::BTreeMap;

use source::explain::{Scan, Way};
use source::sql::literal;
use source::{Inspector, SourceError};

/// A relation smaller than this is read as a whole no slower than through an index.
pub(super) const SMALL_BYTES: u64 = 8 << 20;

/// Schema and name.
type Name = (String, String);

/// Properties of a relation that a plan reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RelationInfo {
    pub(super) bytes: u64,
    /// Partitioned table it belongs to, or the relation itself.
    pub(super) root: Name,
}

/// A relation that is read as a whole for every range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Culprit {
    /// Name of the table; for a partition, of its partitioned table.
    pub(super) relation: Name,
    /// Bytes that are read.
    pub(super) bytes: u64,
    pub(super) partitioned: bool,
    /// Lines of the plan that show it.
    pub(super) lines: Vec<String>,
}

/// Compares the plan of a short range (`ranged`) with that of the whole dataset (`whole`), and returns the relation
/// that would be read as a whole each time.
///
/// A partition missing from the plan of the range was pruned. Of a join, the smaller side may be read as a whole if a
/// larger one is reached by the range.
pub(super) fn culprit(
    ranged: &[Scan],
    whole: &[Scan],
    places: &BTreeMap<Name, RelationInfo>,
) -> Option<Culprit> {
    let root = |scan: &Scan| places.get(&scan.relation).map_or(&scan.relation, |place| &place.root).clone();
    let bytes = |scan: &Scan| places.get(&scan.relation).map_or(0, |place| place.bytes);
    let sum = |scans: &[Scan], name: &Name| scans.iter().filter(|s| root(s) == *name).map(bytes).sum::<u64>();
    let parts = |scans: &[Scan], name: &Name| scans.iter().filter(|s| root(s) == *name).count();
    let pruned = |name: &Name| parts(ranged, name) < parts(whole, name);
    let reached = ranged.iter().filter(|scan| scan.way == Way::Range || pruned(&root(scan)));
    let largest_reached = reached.map(|scan| sum(whole, &root(scan))).max().unwrap_or(0);
    let mut bad = ranged.iter().filter(|scan| {
        let name = root(scan);
        if sum(ranged, &name) < SMALL_BYTES || pruned(&name) {
            return false;
        }
        match scan.way {
            Way::Range => false,
            // By another column: the range is then searched among all rows it finds.
            Way::Lookup => scan.filtered,
            Way::Whole => scan.filtered || sum(whole, &name) > largest_reached,
        }
    });
    bad.next().map(|scan| {
        let relation = root(scan);
        let bytes = sum(ranged, &relation);
        Culprit { partitioned: relation != scan.relation, relation, bytes, lines: Vec::new() }
    })
}

/// Returns the relations of a plan that are `root`, or a part of it.
pub(super) fn parts_of<'a>(root: &Name, places: &'a BTreeMap<Name, RelationInfo>) -> Vec<&'a Name> {
    places.iter().filter(|(_, place)| place.root == *root).map(|(name, _)| name).collect()
}

/// Looks up the relations that the scans read.
pub(super) async fn places(
    inspector: &mut Inspector,
    scans: &[Scan],
) -> Result<BTreeMap<Name, RelationInfo>, SourceError> {
    let mut names: Vec<_> = scans.iter().map(|scan| &scan.relation).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let list: Vec<_> = names.iter().map(|(s, n)| format!("({}, {})", literal(s), literal(n))).collect();
    let question = format!(
        "select n.nspname::text, c.relname::text, coalesce(pg_relation_size(c.oid), 0), rn.nspname::text, r.relname::text
from (values {}) v (schema, name)
join pg_catalog.pg_namespace n on n.nspname = v.schema
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = v.name
join pg_catalog.pg_class r on r.oid = coalesce(pg_partition_root(c.oid), c.oid)
join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace",
        list.join(", ")
    );
    let read = |row: Vec<Option<String>>| {
        let [schema, name, bytes, root_schema, root] = <[_; 5]>::try_from(row).ok()?;
        let place = RelationInfo { bytes: bytes?.parse().ok()?, root: (root_schema?, root?) };
        Some(((schema?, name?), place))
    };
    Ok(inspector.texts(&question).await?.into_iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn scan(name: &str, way: Way, filtered: bool) -> Scan {
        Scan { relation: ("s".into(), name.into()), way, filtered }
    }

    fn place(name: &str, mib: u64, root: &str) -> (Name, RelationInfo) {
        (("s".into(), name.into()), RelationInfo { bytes: mib * MIB, root: ("s".into(), root.into()) })
    }

    fn guilty(ranged: &[Scan], whole: &[Scan], places: &[(Name, RelationInfo)]) -> Option<String> {
        culprit(ranged, whole, &places.iter().cloned().collect()).map(|culprit| culprit.relation.1)
    }

    #[test]
    fn large_table_needs_an_index_on_the_range() {
        let places = [place("orders", 100, "orders")];
        let whole = [scan("orders", Way::Whole, false)];
        assert_eq!(guilty(&[scan("orders", Way::Range, false)], &whole, &places), None);
        assert_eq!(guilty(&[scan("orders", Way::Whole, true)], &whole, &places), Some("orders".into()));
        assert_eq!(guilty(&[scan("orders", Way::Lookup, true)], &whole, &places), Some("orders".into()));
        // The condition is above a grouping.
        assert_eq!(guilty(&[scan("orders", Way::Whole, false)], &whole, &places), Some("orders".into()));
    }

    #[test]
    fn a_small_table_may_be_scanned() {
        let whole = [scan("orders", Way::Whole, false)];
        assert_eq!(
            guilty(&[scan("orders", Way::Whole, true)], &whole, &[place("orders", 7, "orders")]),
            None
        );
        assert_eq!(guilty(&[], &whole, &[]), None);
    }

    #[test]
    fn pruned_partitions_count_as_an_index() {
        let places = [place("e_1", 50, "e"), place("e_2", 50, "e")];
        let whole = [scan("e_1", Way::Whole, false), scan("e_2", Way::Whole, false)];
        assert_eq!(guilty(&[scan("e_2", Way::Whole, true)], &whole, &places), None);
        let both = [scan("e_1", Way::Whole, true), scan("e_2", Way::Whole, true)];
        let found = culprit(&both, &whole, &places.into()).unwrap();
        assert_eq!((found.relation.1.as_str(), found.bytes, found.partitioned), ("e", 100 * MIB, true));
    }

    #[test]
    fn many_small_partitions_are_one_large_table() {
        let names: Vec<_> = (0..10).map(|i| format!("e_{i}")).collect();
        let places: Vec<_> = names.iter().map(|name| place(name, 2, "e")).collect();
        let all: Vec<_> = names.iter().map(|name| scan(name, Way::Whole, true)).collect();
        assert_eq!(guilty(&all, &all, &places), Some("e".into()));
    }

    #[test]
    fn the_smaller_side_of_a_join_may_be_scanned() {
        let places =
            [place("orders", 100, "orders"), place("clients", 20, "clients"), place("log", 900, "log")];
        let whole = [
            scan("orders", Way::Whole, false),
            scan("clients", Way::Whole, false),
            scan("log", Way::Whole, false),
        ];
        let ranged = |other: &str| [scan("orders", Way::Range, false), scan(other, Way::Whole, false)];
        assert_eq!(guilty(&ranged("clients"), &whole, &places), None);
        assert_eq!(guilty(&ranged("log"), &whole, &places), Some("log".into()));
        let keyed = [scan("orders", Way::Range, false), scan("log", Way::Lookup, false)];
        assert_eq!(guilty(&keyed, &whole, &places), None);
    }
}
