//! Statements that prove that the rows of a range have not changed since they were read.
//!
//! The argument, with everything that could break it, is in the README of `export`. In short: the statement of
//! [`state_sql`] is sent after the relations were locked and before the rows are read. It returns the oldest
//! transaction that had not ended, and everything besides rows that decides the result of the query. Later the
//! statement of [`count_sql`] counts the rows, and those that a transaction wrote which had not ended then.

use std::fmt::Write as _;

use export::id::TenantId;
use export::proof::Proof;
use export::range::Range;
use export::selection::Selection;
use sha2::{Digest, Sha256};

use super::sql::{conditions, expected, from, identifier, literal};
use super::{SourceError, explain::PlanNode};
use export::catalog::From;

/// Types whose values depend on nothing but the row: those that a worker decodes itself. OIDs of PostgreSQL's own types
/// never change.
const PLAIN_TYPES: [u32; 25] = [
    16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 650, 700, 701, 869, 1042, 1043, 1082, 1083, 1114, 1184, 1186,
    1266, 1700, 2950, 3802,
];

/// Types that a worker reads as text, which depends on nothing but the row and [`SETTINGS`]: geometric types, network addresses,
/// bit strings, texts of searches, XML, and ranges and multiranges of plain types. Not composite types: a column that is added
/// to one changes the text of rows that are not written.
const TEXT_TYPES: [u32; 29] = [
    142, 600, 601, 602, 603, 604, 628, 718, 774, 829, 1560, 1562, 3220, 3614, 3615, 3904, 3906, 3908, 3910,
    3912, 3926, 4072, 4451, 4532, 4533, 4534, 4535, 4536, 5069,
];

/// Extensions that return rows which are not those of the heap.
const REPLACING_EXTENSIONS: [&str; 4] = ["timescaledb", "citus", "citus_columnar", "pg_duckdb"];

/// Settings that decide how literals are read, how values are written as text, or which rows are visible.
const SETTINGS: [&str; 9] = [
    "TimeZone",
    "timezone_abbreviations",
    "DateStyle",
    "IntervalStyle",
    "row_security",
    "transform_null_equals",
    "array_nulls",
    "extra_float_digits",
    "bytea_output",
];

/// Returns the reason, independent of the source, why a selection can never be proven unchanged.
pub fn obstacle(selection: &Selection) -> Option<String> {
    if matches!(selection.from, From::Query(_)) {
        return Some("it is a query, whose result can change although no row does".to_owned());
    }
    if selection.limit.is_some() {
        return Some("it is a sample".to_owned());
    }
    if !selection.search_path.is_empty() {
        return Some("it has a search_path".to_owned());
    }
    for predicate in selection.conditions() {
        let tests_null = predicate.test.values().is_empty();
        if !tests_null && predicate.by.as_ref().is_none_or(|by| by.operator.schema != "pg_catalog") {
            return Some(format!(
                "the filter on {:?} does not use an operator of PostgreSQL itself",
                predicate.column
            ));
        }
    }
    None
}

/// Returns the query for the state of the source besides its rows: one row of texts.
///
/// - the oldest transaction that has not ended, and the first that has not begun (`xid8`), by the snapshot of this
///   statement;
/// - the reason why the relation cannot be proven unchanged, or null;
/// - texts that are hashed into the identity, null if one is unknown.
///
/// Partitions, labels and extensions can change without a lock on the relations, so they are listed with the `xmin` of their
/// row: one that is changed and changed back has another, so that an equal identity covers every moment in between.
pub fn state_sql(selection: &Selection) -> Option<String> {
    let From::Relation { schema, name } = &selection.from else { return None };
    if obstacle(selection).is_some() {
        return None;
    }
    let root = literal(&format!("{}.{}", identifier(schema), identifier(name)));
    let mut names: Vec<&str> = expected(selection).into_iter().map(|(name, _)| name).collect();
    names.extend(selection.range_column.as_ref().map(|column| column.name.as_str()));
    names.extend(selection.tenant_column.as_ref().map(|column| column.name.as_str()));
    names.extend(selection.conditions().map(|predicate| predicate.column.as_str()));
    names.extend(selection.order.iter().map(String::as_str));
    names.sort_unstable();
    names.dedup();
    let columns = names.len();
    let names = names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ");
    let types =
        [&PLAIN_TYPES[..], &TEXT_TYPES].concat().iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let replacing = REPLACING_EXTENSIONS.map(literal).join(", ");
    let mut settings = String::new();
    for name in SETTINGS {
        let _ = write!(settings, ", pg_catalog.current_setting({}, true)", literal(name));
    }
    Some(format!(
        "with recursive tree (id, edge, pending) as (
    select {root}::pg_catalog.regclass::pg_catalog.oid, ''::pg_catalog.text, false
    union all
    select i.inhrelid, i.inhparent || '<' || i.xmin, i.inhdetachpending
    from tree t join pg_catalog.pg_inherits i on i.inhparent = t.id
), heap as materialized (
    select t.id, t.edge, t.pending, c.*
    from tree t cross join lateral (
        select c.relkind, c.relam, c.relfilenode, c.reltablespace, c.relpersistence, c.relrowsecurity
        from pg_catalog.pg_class c where c.oid = t.id offset 0) c
), part as materialized (
    select t.id, a.attnum, a.attcollation, a.attgenerated, a.atttypid as type, y.enum, y.plain
    from tree t cross join lateral (
        select a.attnum, a.attcollation, a.attgenerated, a.atttypid
        from pg_catalog.pg_attribute a
        where a.attrelid = t.id and a.attnum > 0 and not a.attisdropped and a.attname = any (array[{names}]) offset 0) a
    cross join lateral (
        select case when e.typtype = 'e' then e.oid end as enum,
               (e.typtype = 'e' or e.oid in ({types})) and not exists (
                   select from pg_catalog.pg_cast k
                   where k.castsource in (y.oid, y.typbasetype) and k.casttarget = 25 and k.oid >= 16384) as plain
        from pg_catalog.pg_type y
        left join pg_catalog.pg_type b on b.oid = y.typbasetype
        left join pg_catalog.pg_type e on e.oid = case
            when coalesce(b.typsubscript, y.typsubscript) = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
            then coalesce(b.typelem, y.typelem) else coalesce(b.oid, y.oid) end
        where y.oid = a.atttypid offset 0) y
)
select pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.text,
       pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text,
       case
           when pg_catalog.to_regproc('aurora_version') is not null then 'the source is Aurora, whose restarts cannot be recognized'
           when exists (select from pg_catalog.pg_extension x where x.extname in ({replacing}))
               then 'an extension of the database replaces scans of tables'
           when exists (select from heap h where h.relkind not in ('r', 'p'))
               then 'it is a view or foreign table, or a partition of it is a foreign table'
           when exists (select from heap h where h.relkind = 'r' and (h.relam <> 2 or h.relfilenode = 0))
               then 'its access method is not heap'
           when exists (select from heap h where h.relpersistence <> 'p' or h.id < 16384)
               then 'it is temporary, unlogged or a catalog'
           when exists (select from heap h where h.relrowsecurity)
               then 'it has row-level security'
           when exists (select from heap h where h.pending) then 'a partition is being detached'
           when (select count(*) from part) <> (select count(*) from tree) * {columns} or (select count(*) from heap) <> (select count(*) from tree)
               then 'a column is missing'
           when exists (select from part p where p.plain is not true or p.attgenerated not in ('', 's'))
               then 'a column that is read or compared has a type, or is generated, so that its values depend on more than the row'
       end,
       pg_catalog.concat_ws('|', pg_catalog.pg_postmaster_start_time()::pg_catalog.text,
           pg_catalog.pg_is_in_recovery()::pg_catalog.text, pg_catalog.current_setting('server_version_num'){settings}),
       (select s.stats_reset::pg_catalog.text from pg_catalog.pg_stat_bgwriter s),
       (select d.oid::pg_catalog.text from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()),
       (select pg_catalog.string_agg(pg_catalog.concat_ws(':', h.id, h.relkind, h.relfilenode, h.reltablespace, h.edge), ',' order by h.id, h.edge)
        from heap h),
       (select pg_catalog.string_agg(pg_catalog.concat_ws(':', p.id, p.attnum, p.type, p.attcollation), ',' order by p.id, p.attnum) from part p),
       (select coalesce(pg_catalog.string_agg(pg_catalog.concat_ws(':', l.enumtypid, l.enumsortorder, l.xmin,
            pg_catalog.encode(pg_catalog.namesend(l.enumlabel), 'hex')), ',' order by l.oid), '')
        from (select distinct p.enum from part p where p.enum is not null) p cross join lateral (
            select l.oid, l.enumtypid, l.enumsortorder, l.enumlabel, l.xmin from pg_catalog.pg_enum l where l.enumtypid = p.enum offset 0) l),
       (select coalesce(pg_catalog.string_agg(pg_catalog.concat_ws(':', x.oid, x.extname, x.extversion, x.xmin), ',' order by x.oid), '')
        from pg_catalog.pg_extension x)"
    ))
}

/// Result of [`state_sql`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provable {
    /// The proof.
    Yes(Proof),
    /// Reason why there is none.
    No(String),
}

/// Reads the row of [`state_sql`].
pub fn read_state(row: &[Option<String>]) -> Result<Provable, SourceError> {
    let [Some(oldest), Some(next), because, identity @ ..] = row else {
        return Err(SourceError::protocol("the result of the state query has too few columns"));
    };
    if let Some(because) = because {
        return Ok(Provable::No(because.clone()));
    }
    let number = |text: &str| {
        text.parse().map_err(|_| SourceError::protocol("the state query returned no transaction id"))
    };
    let (oldest_transaction, next_transaction) = (number(oldest)?, number(next)?);
    let mut hash = Sha256::new();
    for text in identity {
        let Some(text) = text else {
            return Ok(Provable::No("the source does not show when its statistics were reset".to_owned()));
        };
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    let identity = hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    Ok(Provable::Yes(Proof { oldest_transaction, next_transaction, identity, bucket: String::new() }))
}

/// Returns the query that counts the rows of a chunk, and those among them that a transaction wrote which had not
/// ended when `since` was taken. The relation and the conditions are those of the COPY.
///
/// The system column `xmin` is the id of the transaction that created this version of the row, also after it was
/// frozen. A row of an earlier epoch may look young, which only costs a read.
pub fn count_sql(selection: &Selection, range: &Range, tenant: &TenantId, since: &Proof) -> String {
    let oldest = since.oldest_transaction & u64::from(u32::MAX);
    let mut sql = format!(
        "select pg_catalog.count(*)::pg_catalog.text,
       pg_catalog.count(*) filter (where pg_catalog.age(q.xmin) <= pg_catalog.age('{oldest}'::pg_catalog.xid))::pg_catalog.text
from {}",
        from(&selection.from)
    );
    for (i, condition) in conditions(selection, range, tenant).iter().enumerate() {
        let word = if i == 0 { "where" } else { "  and" };
        let _ = write!(sql, "\n{word} {condition}");
    }
    sql
}

/// Returns true if the plan reads nothing but heaps, in ways that return their visible rows.
pub fn reads_heaps_only(plan: &PlanNode) -> bool {
    plan.kinds().iter().all(|kind| {
        matches!(
            *kind,
            "Seq Scan"
                | "Index Scan"
                | "Index Only Scan"
                | "Bitmap Heap Scan"
                | "Bitmap Index Scan"
                | "BitmapAnd"
                | "BitmapOr"
                | "Tid Scan"
                | "Tid Range Scan"
                | "Append"
                | "Merge Append"
                | "Aggregate"
                | "Gather"
                | "Gather Merge"
                | "Result"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use export::column::{Column, ColumnType};

    fn selection() -> Selection {
        Selection { columns: vec![Column::native("id", 20, ColumnType::Int8)], ..Selection::example() }
    }

    #[test]
    fn queries_and_samples_are_never_proven() {
        assert_eq!(obstacle(&selection()), None);
        let query = Selection { from: From::Query("select 1 as id".into()), ..selection() };
        assert!(obstacle(&query).is_some_and(|why| why.contains("query")) && state_sql(&query).is_none());
        assert!(obstacle(&Selection { limit: Some(1), ..selection() }).is_some());
        assert!(obstacle(&Selection { search_path: vec!["shop".into()], ..selection() }).is_some());
    }

    #[test]
    fn every_text_of_the_state_changes_the_identity() {
        let row = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
        let of = |texts: &[&str]| {
            let mut row = row(texts);
            row.insert(1, row[0].clone());
            row.insert(2, None);
            match read_state(&row).unwrap() {
                Provable::Yes(proof) => proof,
                Provable::No(why) => panic!("{why}"),
            }
        };
        let plain = of(&["7", "a", "b"]);
        assert_eq!(plain.oldest_transaction, 7);
        for other in [["7", "ab", ""], ["7", "a", "c"], ["7", "", "ab"]] {
            assert_ne!(of(&other).identity, plain.identity);
        }
        assert_eq!(of(&["8", "a", "b"]).identity, plain.identity);
    }

    #[test]
    fn unknown_reset_or_a_reason_gives_no_proof() {
        let some = |text: &str| Some(text.to_owned());
        assert!(matches!(read_state(&[some("7"), some("7"), None, some("a"), None]), Ok(Provable::No(_))));
        assert_eq!(
            read_state(&[some("7"), some("7"), some("why"), some("a")]).unwrap(),
            Provable::No("why".into())
        );
        assert!(read_state(&[None, None, None]).is_err());
    }

    #[test]
    fn age_is_compared_within_one_epoch() {
        let since = Proof {
            oldest_transaction: (5 << 32) + 77,
            next_transaction: (5 << 32) + 78,
            identity: String::new(),
            bucket: String::new(),
        };
        let sql = count_sql(&selection(), &Range::All, &"acme".parse().unwrap(), &since);
        assert!(sql.contains("age('77'::pg_catalog.xid)"), "{sql}");
    }

    #[test]
    fn only_plans_over_heaps_are_accepted() {
        let plan = |kind: &str| {
            let json = format!(
                r#"[{{"Plan": {{"Node Type": "Aggregate", "Startup Cost": 0, "Total Cost": 1, "Plan Rows": 1, "Plan Width": 1,
                    "Plans": [{{"Node Type": "{kind}", "Startup Cost": 0, "Total Cost": 1, "Plan Rows": 1, "Plan Width": 1}}]}}}}]"#
            );
            PlanNode::parse(&json).unwrap()
        };
        assert!(reads_heaps_only(&plan("Seq Scan")));
        for kind in ["Custom Scan", "Foreign Scan", "Function Scan", "CTE Scan"] {
            assert!(!reads_heaps_only(&plan(kind)), "{kind}");
        }
    }
}
