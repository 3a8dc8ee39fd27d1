//! Choice of the columns that requests may filter by: those for which an index finds the rows.

use export::column::ColumnType;

use super::facts::{ColumnFacts, IndexFacts, RelationFacts};

/// Returns the columns that begin an index, or follow the range column or the tenant in one, in the order of the
/// table. The id of a row is no filter: an export is not read by row.
pub(super) fn choose(relation: &RelationFacts, range: Option<&str>, tenant: Option<&str>) -> Vec<String> {
    let is_served = |column: &ColumnFacts| {
        relation.indexes.iter().any(|index| serves(index, &column.name, [range, tenant]))
    };
    let is_wanted = |column: &&ColumnFacts| {
        column.readable
            && Some(column.name.as_str()) != range
            && Some(column.name.as_str()) != tenant
            && is_comparable(relation, column)
            && is_served(column)
    };
    relation.columns.iter().filter(is_wanted).map(|column| column.name.clone()).collect()
}

fn serves(index: &IndexFacts, column: &str, given: [Option<&str>; 2]) -> bool {
    let Some(place) = index.place(column).filter(|_| matches!(index.method.as_str(), "btree" | "hash"))
    else {
        return false;
    };
    let is_given =
        |i: usize| index.keys[i].column.is_some() && given.contains(&index.keys[i].column.as_deref());
    // Partitioned tables have the partition key in their primary key.
    let is_row = index.primary && place == 0 && (1..index.keys.len()).all(is_given);
    !is_row && index.keys[place].is_default && (0..place).all(is_given)
}

/// Reports whether `catalog check` accepts the type as a filter. An index of a table's own proves that it can be
/// compared; a view may have another type than the indexed column.
fn is_comparable(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let is_known = ColumnType::from_oid(column.base).is_some_and(|kind| !matches!(kind, ColumnType::Json));
    column.sort == "e" || is_known || (column.sort == "b" && relation.is_table())
}

#[cfg(test)]
mod tests {
    use super::super::facts::IndexKey;
    use super::*;

    fn index(keys: &[&str], primary: bool) -> IndexFacts {
        let key = |name: &&str| IndexKey { column: Some((*name).to_owned()), is_default: true };
        IndexFacts { name: "i".into(), method: "btree".into(), primary, keys: keys.iter().map(key).collect() }
    }

    fn chosen(indexes: Vec<IndexFacts>, range: Option<&str>, tenant: Option<&str>) -> Vec<String> {
        let column = |name: &&str| ColumnFacts {
            name: (*name).to_owned(),
            base: 25,
            sort: "b".into(),
            readable: true,
            ..ColumnFacts::default()
        };
        let columns = ["id", "account", "at", "country", "status"].iter().map(column).collect();
        let relation = RelationFacts { kind: "r".into(), columns, indexes, ..RelationFacts::default() };
        choose(&relation, range, tenant)
    }

    #[test]
    fn leading_columns_are_filters() {
        let indexes = vec![index(&["id"], true), index(&["country", "status"], false)];
        assert_eq!(chosen(indexes, Some("at"), None), ["country"]);
        assert_eq!(chosen(vec![index(&["id", "country"], true)], None, None), ["id"]);
        assert!(chosen(vec![index(&["id", "at"], true)], Some("at"), None).is_empty());
        assert_eq!(chosen(vec![index(&["at", "country"], true)], Some("at"), None), ["country"]);
    }

    #[test]
    fn columns_after_range_and_tenant_are_filters() {
        let indexes = || vec![index(&["account", "at", "status"], false)];
        assert_eq!(chosen(indexes(), Some("at"), Some("account")), ["status"]);
        assert_eq!(chosen(indexes(), Some("at"), None), ["account"]);
    }

    #[test]
    fn other_classes_methods_and_expressions_serve_no_filter() {
        let mut odd = index(&["country"], false);
        odd.keys[0].is_default = false;
        let gin = IndexFacts { method: "gin".into(), ..index(&["status"], false) };
        let mut expression = index(&["x", "status"], false);
        expression.keys[0].column = None;
        assert!(chosen(vec![odd, gin, expression], None, None).is_empty());
    }
}
