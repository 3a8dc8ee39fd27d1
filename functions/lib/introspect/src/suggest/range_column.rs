//! Choice of the column at whose values ranges are cut.

use export::count::count;

use super::facts::{ColumnFacts, IndexFacts, RelationFacts};
use super::words::{Dates, dates, words};

/// Points from which a column is chosen. A last change without an index and a nullable date without any sign that it
/// is filled have fewer.
const ENOUGH: f64 = 31.0;

/// A chosen column, or none, with the reasons.
#[derive(Debug, PartialEq)]
pub(super) struct RangeChoice {
    /// Name of the column; `None` if none is suitable.
    pub(super) column: Option<String>,
    /// Sentences for the operator: the facts that decided, and the next best column.
    pub(super) reason: String,
    /// True if a day of it is found without reading the whole relation.
    pub(super) indexed: bool,
}

/// Chooses among the columns that `may_be` accepts. An index that begins with the tenant column is as good as one on
/// the range column alone.
pub(super) fn choose(
    relation: &RelationFacts,
    tenant: Option<&str>,
    may_be: impl Fn(&ColumnFacts) -> bool,
) -> RangeChoice {
    let mut all: Vec<Judged<'_>> = relation
        .columns
        .iter()
        .filter(|column| column.is_date() && may_be(column))
        .map(|column| Judged::of(relation, column, tenant))
        .collect();
    // Stable: of equals, the first column of the table.
    all.sort_by(|a, b| b.points.total_cmp(&a.points));
    let mut all = all.into_iter();
    let Some(best) = all.next() else {
        let reason = "no range column: it has no date or timestamp".to_owned();
        return RangeChoice { column: None, reason, indexed: false };
    };
    let next = all.next();
    if best.points < ENOUGH {
        let reason = format!("no range column; {} would be possible ({})", best.column.name, best.facts());
        return RangeChoice { column: None, reason, indexed: false };
    }
    let mut reason = format!("{}: {}", best.column.name, best.facts());
    if let Some(next) = next {
        reason.push_str(&format!("; next best {} ({})", next.column.name, next.facts()));
    }
    RangeChoice { column: Some(best.column.name.clone()), reason, indexed: best.is_indexed() }
}

/// A column with the facts that count for or against it.
struct Judged<'a> {
    column: &'a ColumnFacts,
    points: f64,
    meaning: Dates,
    is_key: bool,
    index: Option<&'a IndexFacts>,
    is_stamped: bool,
    is_constant: bool,
}

impl<'a> Judged<'a> {
    fn of(relation: &'a RelationFacts, column: &'a ColumnFacts, tenant: Option<&str>) -> Self {
        let mut judged = Self {
            column,
            points: 0.0,
            meaning: dates(&column.name),
            is_key: relation.partition_column.as_deref() == Some(&column.name),
            index: relation.indexes.iter().find(|index| finds(index, &column.name, tenant)),
            is_stamped: column.default.as_deref().is_some_and(is_now),
            is_constant: column.distinct == Some(1.0) && relation.rows.is_some_and(|rows| rows > 1_000),
        };
        let is_named = shares_a_word(&column.name, relation);
        let later = relation.indexes.iter().any(|index| index.place(&column.name).is_some());
        judged.points = judged.by_name()
            + points(is_named, 4.0)
            + points(judged.is_key, 100.0)
            + points(judged.index.is_some(), 30.0)
            + points(judged.index.is_none() && later, 8.0)
            + points(judged.is_stamped, 20.0)
            - points(judged.is_constant, 25.0)
            + judged.by_nulls(relation)
            + points(column.base == 1184, 3.0);
        judged
    }

    fn by_name(&self) -> f64 {
        match self.meaning {
            Dates::Property => -40.0,
            Dates::End => -15.0,
            // Other languages have words too.
            Dates::Unknown => 20.0,
            Dates::Change => 12.0,
            Dates::Start => 24.0,
            Dates::Event => 25.0,
            Dates::Creation => 40.0,
        }
    }

    fn by_nulls(&self, relation: &RelationFacts) -> f64 {
        match self.column.null_share {
            _ if !self.column.nullable || self.column.comes_from_not_null => 15.0,
            Some(share) => 12.0 - 40.0 * share,
            // No column of a view is NOT NULL.
            None if matches!(relation.kind.as_str(), "v" | "m" | "f") => 8.0,
            None => 0.0,
        }
    }

    fn is_indexed(&self) -> bool {
        self.is_key || self.index.is_some()
    }

    /// Returns the facts in words, most important first.
    fn facts(&self) -> String {
        let mut facts = Vec::new();
        if self.is_key {
            facts.push("the partition key".to_owned());
        } else if let Some(index) = self.index {
            facts.push(format!("index {}", index.name));
        } else {
            facts.push("no index".to_owned());
        }
        if self.is_stamped {
            facts.push(format!("default {}", self.column.default.as_deref().unwrap_or_default()));
        }
        facts.push(match self.column.null_share {
            _ if !self.column.nullable => "not null".to_owned(),
            _ if self.column.comes_from_not_null => "from a column that is not null".to_owned(),
            Some(0.0) => "no NULL so far".to_owned(),
            Some(share) => format!("NULL in {:.1} % of the rows", share * 100.0),
            None => "can be NULL".to_owned(),
        });
        facts.extend(self.is_constant.then(|| "the same value everywhere".to_owned()));
        facts.extend(match self.meaning {
            Dates::Property => Some("a property, by its name".to_owned()),
            Dates::End => Some("an end or a plan, by its name".to_owned()),
            Dates::Change => Some("the last change, by its name".to_owned()),
            _ => None,
        });
        facts.join(", ")
    }
}

fn points(is_so: bool, points: f64) -> f64 {
    if is_so { points } else { 0.0 }
}

/// Reports whether the index finds a range of the column. A BRIN index does so for each of its columns.
fn finds(index: &IndexFacts, column: &str, tenant: Option<&str>) -> bool {
    let first = index.keys.first().and_then(|key| key.column.as_deref());
    match (index.method.as_str(), index.place(column)) {
        ("btree", Some(0)) => true,
        ("btree", Some(1)) => first.is_some() && first == tenant,
        ("brin", place) => place.is_some(),
        _ => false,
    }
}

/// Reports whether a default is the time of the insert.
fn is_now(default: &str) -> bool {
    let text = default.to_lowercase();
    [
        "now()",
        "current_date",
        "current_timestamp",
        "localtimestamp",
        "clock_timestamp",
        "statement_timestamp",
        "'now'",
    ]
    .iter()
    .any(|now| text.contains(now))
}

/// Reports whether column and relation share a word, or the beginning of one: `ordered_at` in `orders`.
fn shares_a_word(column: &str, relation: &RelationFacts) -> bool {
    let Some(name) = &relation.name else { return false };
    let stems = |text: &str| -> Vec<String> {
        let long = words(text).into_iter().filter(|word| word.chars().count() >= 4);
        long.map(|word| word.chars().take(4).collect()).collect()
    };
    let of_relation = stems(&name.name);
    stems(column).iter().any(|stem| stem != "date" && stem != "time" && of_relation.contains(stem))
}

/// Returns the comment about the rows of a relation: its kind, number of rows and size.
pub(super) fn extent(relation: &RelationFacts, size: impl Fn(u64) -> String) -> String {
    let kind = relation.kind_name();
    let kind = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
    match relation.rows {
        _ if matches!(relation.kind.as_str(), "v" | "f") => kind,
        Some(rows) => format!("{kind}, about {}, {}", count(rows, "row"), size(relation.bytes)),
        None => format!("{kind}, never analyzed, {}", size(relation.bytes)),
    }
}

#[cfg(test)]
mod tests {
    use export::catalog::RelationName;

    use super::super::facts::IndexKey;
    use super::*;

    fn column(name: &str, base: u32) -> ColumnFacts {
        ColumnFacts { name: name.into(), base, readable: true, ..ColumnFacts::default() }
    }

    fn nullable(name: &str, share: Option<f64>) -> ColumnFacts {
        ColumnFacts { nullable: true, null_share: share, ..column(name, 1184) }
    }

    fn index(keys: &[&str]) -> IndexFacts {
        let key = |name: &&str| IndexKey { column: Some((*name).to_owned()), is_default: true };
        IndexFacts {
            name: "i".into(),
            method: "btree".into(),
            primary: false,
            keys: keys.iter().map(key).collect(),
        }
    }

    fn chosen(columns: &[ColumnFacts], indexes: &[IndexFacts], tenant: Option<&str>) -> RangeChoice {
        let relation = RelationFacts {
            name: Some(RelationName { schema: "shop".into(), name: "orders".into() }),
            kind: "r".into(),
            columns: columns.to_vec(),
            indexes: indexes.to_vec(),
            ..RelationFacts::default()
        };
        choose(&relation, tenant, |column| column.readable)
    }

    fn name(columns: &[ColumnFacts], indexes: &[IndexFacts]) -> Option<String> {
        chosen(columns, indexes, None).column
    }

    #[test]
    fn creation_is_preferred_to_changes_and_ends() {
        let columns = ["updated_at", "deleted_at", "created_at"].map(|name| column(name, 1184));
        let found = chosen(&columns, &[], None);
        assert_eq!(found.column.as_deref(), Some("created_at"));
        assert!(!found.indexed && found.reason.contains("next best updated_at"), "{}", found.reason);
    }

    #[test]
    fn an_index_outweighs_a_name() {
        let columns = [column("created_at", 1184), column("booked_on", 1082)];
        assert_eq!(name(&columns, &[index(&["booked_on"])]).as_deref(), Some("booked_on"));
        assert_eq!(name(&columns, &[index(&["id", "booked_on"])]).as_deref(), Some("created_at"));
    }

    #[test]
    fn index_behind_the_tenant_counts() {
        let columns = [column("created_at", 1184), column("ordered_at", 1184)];
        let indexes = [index(&["account", "ordered_at"])];
        assert_eq!(chosen(&columns, &indexes, None).column.as_deref(), Some("created_at"));
        let found = chosen(&columns, &indexes, Some("account"));
        assert_eq!((found.column.as_deref(), found.indexed), (Some("ordered_at"), true));
    }

    #[test]
    fn mostly_empty_columns_and_properties_are_not_chosen() {
        assert_eq!(name(&[nullable("shipped_at", Some(0.9))], &[]), None);
        assert_eq!(name(&[nullable("shipped_at", Some(0.02))], &[]).as_deref(), Some("shipped_at"));
        assert_eq!(name(&[column("born_on", 1082)], &[index(&["born_on"])]), None);
        assert_eq!(name(&[column("id", 23)], &[]), None);
        let found = chosen(&[column("changed_at", 1114)], &[], None);
        assert!(found.column.is_none() && found.reason.contains("changed_at would be possible"));
    }

    #[test]
    fn equals_are_taken_in_the_order_of_the_table() {
        let columns = ["l_shipdate", "l_commitdate", "l_receiptdate"].map(|name| column(name, 1082));
        assert_eq!(name(&columns, &[]).as_deref(), Some("l_shipdate"));
        let columns = ["shipped_at", "order_date"].map(|name| column(name, 1114));
        assert_eq!(name(&columns, &[]).as_deref(), Some("order_date"), "named as the table is");
    }

    #[test]
    fn partition_key_wins() {
        let relation = RelationFacts {
            columns: vec![column("created_at", 1184), column("at", 1082)],
            partition_column: Some("at".into()),
            ..RelationFacts::default()
        };
        assert_eq!(choose(&relation, None, |_| true).column.as_deref(), Some("at"));
    }
}
