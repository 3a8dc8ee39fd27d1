//! Conditions of filters on a real server: each returns exactly the rows that a model of it returns, alone and in
//! alternatives.

use std::collections::BTreeSet;

use export::catalog::From;
use export::column::{ColumnType, Qualified};
use export::selection::{By, Predicate, Selection, Test};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sqlx::{Connection, Executor, PgConnection};
use tests::Database;

use super::quoting::{ids, selection};

/// Values of the column `word`: equal ones, prefixes of others, and texts that a pattern would treat specially.
const WORDS: [Option<&str>; 12] = [
    None,
    Some(""),
    Some("a"),
    Some("A"),
    Some("ab"),
    Some("abc"),
    Some("a%"),
    Some("a_c"),
    Some("b\\"),
    Some("\u{e9}"),
    Some("e\u{301}"),
    Some("it's"),
];

/// Number of selections that are tried.
const TRIED: usize = 400;

/// Model of a test on one value. No test but those for NULL passes NULL.
fn passes(test: &Test, word: Option<&str>) -> bool {
    match (test, word) {
        (Test::IsNull, word) => word.is_none(),
        (_, None) => false,
        (Test::NotNull, Some(_)) => true,
        (Test::AnyOf(values), Some(word)) => values.iter().any(|value| value == word),
        (Test::NoneOf(values), Some(word)) => values.iter().all(|value| value != word),
        (Test::Ne(value), Some(word)) => value != word,
        (Test::StartsWith(prefix), Some(word)) => word.starts_with(prefix.as_str()),
        (Test::Gt(_) | Test::Gte(_) | Test::Lt(_) | Test::Lte(_), Some(_)) => unreachable!("not tried here"),
    }
}

fn predicate(test: Test) -> Predicate {
    let operator = match test {
        Test::IsNull | Test::NotNull => None,
        Test::StartsWith(_) => Some("^@"),
        Test::Ne(_) | Test::NoneOf(_) => Some("<>"),
        _ => Some("="),
    };
    let name = |name: &str| Qualified::new("pg_catalog", name);
    let by = operator.map(|operator| By {
        operator: name(operator),
        of: name("text"),
        oid: 25,
        listable: true,
        untried: false,
    });
    Predicate { column: "word".into(), test, by }
}

fn test() -> impl Strategy<Value = Test> {
    let word =
        || prop::sample::select(WORDS.iter().flatten().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let words = || {
        prop::collection::btree_set(word(), 1..5)
            .prop_map(|words: BTreeSet<String>| words.into_iter().collect())
    };
    let prefix = word().prop_filter("a prefix has a character", |word: &String| !word.is_empty());
    prop_oneof![
        Just(Test::IsNull),
        Just(Test::NotNull),
        words().prop_map(Test::AnyOf),
        words().prop_map(Test::NoneOf),
        word().prop_map(Test::Ne),
        prefix.prop_map(Test::StartsWith),
    ]
}

#[tokio::test]
async fn conditions_return_the_rows_of_their_model() {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    assert_eq!(ColumnType::from_oid(25), Some(ColumnType::Text));
    connection.execute("create table words (id bigint primary key, word text)").await.unwrap();
    for (id, word) in WORDS.iter().enumerate() {
        let insert = sqlx::query("insert into words values ($1, $2)").bind(id as i64).bind(*word);
        insert.execute(&mut connection).await.unwrap();
    }
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]));
    let group = || prop::collection::vec(test(), 1..3);
    let tried = (prop::collection::vec(test(), 0..3), prop::collection::vec(group(), 0..4));
    for _ in 0..TRIED {
        let (all, groups) = tried.new_tree(&mut runner).unwrap().current();
        let wanted = WORDS.iter().enumerate().filter(|(_, word)| {
            let group = |group: &Vec<Test>| group.iter().all(|test| passes(test, **word));
            all.iter().all(|test| passes(test, **word)) && (groups.is_empty() || groups.iter().any(group))
        });
        let wanted: Vec<_> = wanted.map(|(id, _)| id as i64).collect();
        let predicates = |tests: &[Test]| tests.iter().cloned().map(predicate).collect::<Vec<_>>();
        let selection = Selection {
            predicates: predicates(&all),
            alternatives: groups.iter().map(|group| predicates(group)).collect(),
            ..selection("word", Test::IsNull)
        };
        assert_eq!(ids(&mut connection, &selection).await, wanted, "{all:?} {groups:?}");
    }
}

/// A collation by which different texts are equal: equality follows it, a prefix is what is written.
#[tokio::test]
async fn prefixes_do_not_depend_on_the_collation() {
    // The stack's server is built without ICU.
    let Ok(url) = std::env::var("SLUICE_POSTGRES_15") else {
        return tests::skipped("PostgreSQL 15", "apt-get install postgresql-15, then `cargo x test`");
    };
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let schema = format!("blind_{}", export::id::hex(&ports::random::bytes::<6>()));
    let made = format!(
        "create schema {schema}; set search_path = {schema}; \
         create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false); \
         create table words (id bigint, word text collate blind); \
         insert into words values (1, 'Abc'), (2, 'abc'), (3, null)"
    );
    connection.execute(sqlx::AssertSqlSafe(made)).await.unwrap();
    let selection = |test: Test| Selection {
        from: From::Relation { schema: schema.clone(), name: "words".into() },
        predicates: vec![predicate(test)],
        ..selection("word", Test::IsNull)
    };
    let starts = selection(Test::StartsWith("ab".into()));
    assert_eq!(ids(&mut connection, &starts).await, [2]);
    let none = selection(Test::NoneOf(vec!["ABC".into(), "x".into()]));
    assert_eq!(ids(&mut connection, &none).await, Vec::<i64>::new());
    connection.execute(sqlx::AssertSqlSafe(format!("drop schema {schema} cascade"))).await.unwrap();
}
