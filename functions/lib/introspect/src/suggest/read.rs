//! Reads of the server's catalogs. The number of statements grows with the thousands of relations, not with each one,
//! and no statement is so long that a proxy would pin its session.

use std::collections::{BTreeMap, BTreeSet};

use export::catalog::RelationName;
use source::sql::literal;
use source::{Inspector, SourceError};

use super::facts::{ColumnFacts, IndexFacts, IndexKey, RelationFacts};

/// Maximum number of relations that one suggestion covers.
pub(super) const MAX_RELATIONS: usize = 3_000;

/// Number of relations in one statement: with ten digits each, less than the 16 KB from which a proxy pins a session.
const BATCH: usize = 1_000;

/// Relations with their columns and indexes.
pub(super) struct Found {
    pub(super) relations: Vec<RelationFacts>,
    /// True if there are more relations than [`MAX_RELATIONS`].
    pub(super) is_cut: bool,
}

/// Reads all relations of these schemas; without schemas those of all.
pub(super) async fn relations(inspector: &mut Inspector, schemas: &[String]) -> Result<Found, SourceError> {
    let list: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
    let condition =
        if list.is_empty() { "true".to_owned() } else { format!("n.nspname in ({})", list.join(", ")) };
    // A name may contain the other placeholder, so it is filled in last.
    let question = include_str!("../../sql/suggest/relations.sql")
        .replace(":limit", &(MAX_RELATIONS + 1).to_string())
        .replace(":schemas", &condition);
    let rows = inspector.texts(&question).await?;
    let mut relations: Vec<RelationFacts> = rows.into_iter().filter_map(relation).collect();
    let is_cut = relations.len() > MAX_RELATIONS;
    relations.truncate(MAX_RELATIONS);
    let oids: Vec<u32> = relations.iter().filter(|one| one.readable).map(|one| one.oid).collect();
    let mut columns = columns(inspector, &oids).await?;
    let views: Vec<u32> =
        relations.iter().filter(|one| one.readable && one.kind == "v").map(|one| one.oid).collect();
    let sources = sources(inspector, &views).await?;
    let tables = sources.values().flatten().map(|source| source.table);
    let indexed: BTreeSet<u32> = oids.iter().copied().chain(tables).collect();
    let indexes = indexes(inspector, &indexed.into_iter().collect::<Vec<_>>()).await?;
    for one in &mut relations {
        one.columns = columns.remove(&one.oid).unwrap_or_default();
        one.indexes = indexes.get(&one.oid).cloned().unwrap_or_default();
        if let Some(sources) = sources.get(&one.oid) {
            inherit(one, sources, &indexes);
        }
    }
    Ok(Found { relations, is_cut })
}

/// Column of a table that a view reads.
struct SourceColumn {
    table: u32,
    name: String,
    not_null: bool,
}

/// Gives the columns of a view the properties of the columns of the same name that the view reads.
fn inherit(view: &mut RelationFacts, sources: &[SourceColumn], indexes: &BTreeMap<u32, Vec<IndexFacts>>) {
    for column in &mut view.columns {
        column.comes_from_not_null =
            sources.iter().any(|source| source.name == column.name && source.not_null);
    }
    let tables: BTreeSet<u32> = sources.iter().map(|source| source.table).collect();
    for table in tables {
        let is_read = |name: &str| sources.iter().any(|source| source.table == table && source.name == name);
        for index in indexes.get(&table).into_iter().flatten() {
            let named = |key: &&IndexKey| key.column.as_deref().is_some_and(is_read);
            let keys: Vec<IndexKey> = index.keys.iter().take_while(named).cloned().collect();
            if !keys.is_empty() {
                view.indexes.push(IndexFacts { keys, ..index.clone() });
            }
        }
    }
}

async fn columns(
    inspector: &mut Inspector,
    oids: &[u32],
) -> Result<BTreeMap<u32, Vec<ColumnFacts>>, SourceError> {
    let rows = batches(inspector, include_str!("../../sql/suggest/columns.sql"), oids).await?;
    Ok(grouped(rows.into_iter().filter_map(column)))
}

async fn indexes(
    inspector: &mut Inspector,
    oids: &[u32],
) -> Result<BTreeMap<u32, Vec<IndexFacts>>, SourceError> {
    let rows = batches(inspector, include_str!("../../sql/suggest/indexes.sql"), oids).await?;
    Ok(grouped(rows.into_iter().filter_map(index)))
}

async fn sources(
    inspector: &mut Inspector,
    views: &[u32],
) -> Result<BTreeMap<u32, Vec<SourceColumn>>, SourceError> {
    let rows = batches(inspector, include_str!("../../sql/suggest/views.sql"), views).await?;
    Ok(grouped(rows.into_iter().filter_map(source_column)))
}

type Row = Vec<Option<String>>;

async fn batches(inspector: &mut Inspector, question: &str, oids: &[u32]) -> Result<Vec<Row>, SourceError> {
    let mut rows = Vec::new();
    for batch in oids.chunks(BATCH) {
        let list: Vec<String> = batch.iter().map(u32::to_string).collect();
        rows.extend(inspector.texts(&question.replace(":oids", &list.join(","))).await?);
    }
    Ok(rows)
}

fn grouped<T>(pairs: impl Iterator<Item = (u32, T)>) -> BTreeMap<u32, Vec<T>> {
    let mut groups: BTreeMap<u32, Vec<T>> = BTreeMap::new();
    for (oid, one) in pairs {
        groups.entry(oid).or_default().push(one);
    }
    groups
}

fn relation(row: Row) -> Option<RelationFacts> {
    let [oid, schema, name, kind, quoted, rows, bytes, readable, hides, populated, extension, parent, key] =
        <[_; 13]>::try_from(row).ok()?;
    Some(RelationFacts {
        oid: oid?.parse().ok()?,
        name: Some(RelationName { schema: schema?, name: name? }),
        quoted: quoted?,
        kind: kind?,
        rows: rows.and_then(|rows| rows.parse().ok()),
        bytes: bytes.and_then(|bytes| bytes.parse().ok()).unwrap_or_default(),
        readable: readable? == "t",
        hides_rows: hides? == "t",
        populated: populated? == "t",
        extension,
        parent,
        partition_column: key,
        ..RelationFacts::default()
    })
}

fn column(row: Row) -> Option<(u32, ColumnFacts)> {
    let [oid, name, quoted, base, type_name, not_null, readable, sort, default, nulls, distinct] =
        <[_; 11]>::try_from(row).ok()?;
    let number = |cell: Option<String>| cell.and_then(|text| text.parse().ok());
    let found = ColumnFacts {
        name: name?,
        quoted: quoted?,
        base: base?.parse().ok()?,
        type_name: type_name?,
        sort: sort?,
        nullable: not_null? == "f",
        comes_from_not_null: false,
        readable: readable? == "t",
        default,
        null_share: number(nulls),
        distinct: number(distinct),
    };
    Some((oid?.parse().ok()?, found))
}

fn index(row: Row) -> Option<(u32, IndexFacts)> {
    let [oid, name, method, primary, keys] = <[_; 5]>::try_from(row).ok()?;
    let keys: Vec<(Option<String>, bool)> = serde_json::from_str(&keys?).ok()?;
    let keys = keys.into_iter().map(|(column, is_default)| IndexKey { column, is_default }).collect();
    let found = IndexFacts { name: name?, method: method?, primary: primary? == "t", keys };
    Some((oid?.parse().ok()?, found))
}

fn source_column(row: Row) -> Option<(u32, SourceColumn)> {
    let [view, table, name, not_null] = <[_; 4]>::try_from(row).ok()?;
    let source = SourceColumn { table: table?.parse().ok()?, name: name?, not_null: not_null? == "t" };
    Some((view?.parse().ok()?, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Row {
        cells.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect()
    }

    #[test]
    fn rows_of_the_catalogs_are_parsed() {
        let cells = ["7", "shop", "a.b", "p", "shop.\"a.b\"", "", "8192", "t", "f", "t", "", "", "at"];
        let one = relation(row(&cells)).unwrap();
        assert_eq!((one.rows, one.bytes, one.partition_column.as_deref()), (None, 8192, Some("at")));
        assert_eq!(one.name.unwrap().to_string(), "shop.\"a.b\"");
        let cells =
            ["7", "at", "at", "1184", "timestamp(3) with time zone", "t", "t", "b", "now()", "0.5", "-1"];
        let (_, one) = column(row(&cells)).unwrap();
        assert_eq!((one.nullable, one.null_share, one.distinct), (false, Some(0.5), Some(-1.0)));
        let (_, one) = index(row(&["7", "i", "btree", "f", "[[null,true],[\"at\",false]]"])).unwrap();
        assert_eq!((one.place("at"), one.keys[0].is_default), (Some(1), true));
    }

    #[test]
    fn statements_are_short_enough_for_a_proxy() {
        for question in [
            include_str!("../../sql/suggest/columns.sql"),
            include_str!("../../sql/suggest/indexes.sql"),
            include_str!("../../sql/suggest/views.sql"),
        ] {
            assert!(question.contains("in (:oids)") && question.len() + 11 * BATCH < 15_900);
        }
    }

    #[test]
    fn view_has_the_indexes_of_the_columns_it_reads() {
        let key = |name: &str| IndexKey { column: Some(name.to_owned()), is_default: true };
        let index = |keys: &[&str]| IndexFacts {
            keys: keys.iter().map(|name| key(name)).collect(),
            ..IndexFacts::default()
        };
        let source = |name: &str| SourceColumn { table: 1, name: name.to_owned(), not_null: true };
        let at = ColumnFacts { name: "at".into(), nullable: true, ..ColumnFacts::default() };
        let mut view = RelationFacts { columns: vec![at], ..RelationFacts::default() };
        let indexes = [(1, vec![index(&["at", "other"]), index(&["other"])])].into();
        inherit(&mut view, &[source("at")], &indexes);
        assert!(view.columns[0].comes_from_not_null && view.indexes.len() == 1);
        assert_eq!(view.indexes[0].keys.len(), 1);
    }
}
