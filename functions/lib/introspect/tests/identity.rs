//! Tests that equality is identity: a tenant's id matches the rows of that tenant alone, and a filter means what its
//! type means, on PostgreSQL 18 and 15.
//!
//! Needs a running stack: `SLUICE_STACK` names its file, `SLUICE_POSTGRES_15` is the URL of an owner there.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "identity/bench.rs"]
mod bench;

use bench::{benches, selection};
use export::selection::Test;
use source::SourceCode;
use source::sql::literal;

/// Returns ids that some type treats as equal to another, and some that are only similar.
fn tenants() -> Vec<String> {
    let mut ids: Vec<String> = [
        "acme",
        "acme2",
        "acm",
        "a",
        "10",
        "1_0",
        "0xa",
        "010",
        "0b1010",
        "0o12",
        "-10",
        "1e1",
        "100",
        "123e4567-e89b-12d3-a456-426614174000",
        "123e4567e89b12d3a456426614174000",
        "null",
        "default",
    ]
    .map(str::to_owned)
    .into();
    ids.extend([10, 62, 63, 64].map(|length| "n".repeat(length)));
    // Same seed in every run.
    let mut state = 7u64;
    for _ in 0..12 {
        let mut id = String::new();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            id.push(char::from(b"0123456789_-abxe"[(state >> 60) as usize]));
        }
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn a_tenants_id_matches_its_own_rows_alone() {
    let made = [
        "create domain S.code as varchar(70)",
        "create table S.t (id bigint, txt text, code S.code, short varchar(5), padded char(66), whole int4, big int8, small int2, key uuid)",
        "create table S.value (v text)",
    ];
    for mut bench in benches("tenants", &made).await {
        let ids = tenants();
        let list: Vec<String> = ids.iter().map(|id| format!("({})", literal(id))).collect();
        bench.run(&format!("insert into S.value values {}", list.join(", "))).await;
        bench.run("insert into S.value select distinct x from S.value, lateral (values (upper(v)), (v || ' '), (replace(v, 'a', 'á'))) w (x)").await;
        bench
            .run(
                "insert into S.t select row_number() over (), v, v, left(v, 5), v,
                 case when v ~ '^-?[0-9]{1,4}$' then v::int4 end, case when v ~ '^-?[0-9]{1,4}$' then v::int8 end,
                 case when v ~ '^-?[0-9]{1,4}$' then v::int2 end,
                 case when v ~ '^ *[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} *$' then trim(v)::uuid end from S.value",
            )
            .await;
        if bench.has_icu().await {
            bench.run("create collation S.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)").await;
            bench.run("alter table S.t add loose text collate S.loose, add loose_code varchar(70) collate S.loose; update S.t set loose = txt, loose_code = txt").await;
        }
        let columns =
            "select attname::text from pg_attribute where attrelid = 'S.t'::regclass and attnum > 1";
        let mut compared = 0;
        for name in bench.texts(columns).await {
            let keys = format!("relation = \"S.t\"\ncolumns = [\"id\"]\ntenant_column = \"{name}\"");
            let dataset = bench.good(&keys).await;
            for id in &ids {
                let exact = format!(
                    "select id from S.t where {name}::text collate \"C\" = {} order by id",
                    literal(id)
                );
                let wanted = bench.oracle(&exact).await;
                match bench.ids(&selection(&dataset, None), &id.parse().unwrap()).await {
                    Ok(found) => assert_eq!(found, wanted, "{name} {id}"),
                    // The id is not a valid value of the type.
                    Err(error) => {
                        assert!(
                            wanted.is_empty()
                                && error
                                    .sqlstate
                                    .as_deref()
                                    .is_some_and(|state| ["22P02", "22003"].contains(&state)),
                            "{name} {id}: {error:?}"
                        );
                    }
                }
                compared += 1;
            }
        }
        assert!(compared > 250, "{compared}");
        bench.end().await;
    }
}

#[tokio::test]
async fn unsuitable_tenant_column_types_are_refused_with_a_remedy() {
    let made = [
        "create domain S.label as X.citext",
        "create table S.t (id bigint, loose X.citext, label S.label, cut name, letter \"char\", amount numeric, day date, bits bit(3), texts text[])",
        "create view S.v as select id, loose::text as account from S.t",
    ];
    for bench in benches("refused", &made).await {
        for name in ["loose", "label", "cut", "letter", "amount", "day", "bits", "texts"] {
            let found = bench.resolve(&format!("relation = \"S.t\"\ntenant_column = \"{name}\"")).await;
            let text = export::problem::describe(&found.violations);
            assert!(
                text.contains("datasets.d.tenant_column") && text.contains("::text as a column"),
                "{name}: {text}"
            );
        }
        bench.good("relation = \"S.v\"\ntenant_column = \"account\"").await;
        bench.good("query = \"select id, cut::text as account from S.t\"\ntenant_column = \"account\"").await;
        bench.end().await;
    }
}

#[tokio::test]
async fn filters_compare_by_the_type_of_their_column() {
    let made = [
        "create domain S.mail as X.citext",
        "create type S.mood as enum ('fine', 'bad')",
        "create table S.t (id bigint, mail S.mail, path X.ltree, attributes X.hstore, mood S.mood, name name, code varchar(3), padded char(5), \
         letter \"char\", spans int4range, numbers int4[], host inet, net cidr, amount numeric, wait interval, day date, xid xid, point point, points point[], doc json)",
        "insert into S.t select i, case when i % 2 = 0 then 'A@x' else 'a@X' end, ('top.n' || i)::X.ltree, hstore('k', i::text), \
         case when i % 2 = 0 then 'fine' else 'bad' end::S.mood, repeat('n', 60 + i), left('abc', i), left('abc', i), chr(96 + i), int4range(i, 10), \
         array[i, 2], '10.0.0.1'::inet + i, ('10.' || i || '.0.0/16')::cidr, i, i * interval '1 day', \
         case when i = 3 then 'infinity' else date '2024-01-01' + i end, i::text::xid, null, null, null from generate_series(1, 3) i",
    ];
    for mut bench in
        benches("filters", &[&["set search_path = identity_ext, pg_catalog"][..], &made[..]].concat()).await
    {
        let names = "\"mail\", \"path\", \"attributes\", \"mood\", \"name\", \"code\", \"padded\", \"letter\", \"spans\", \"numbers\", \"host\", \"net\", \"amount\", \"wait\", \"day\", \"xid\"";
        let dataset = bench.good(&format!("relation = \"S.t\"\nshared = true\nfilters = [{names}]")).await;
        let values = [
            ("mail", "A@X"),
            ("path", "top.n2"),
            ("attributes", "k=>2"),
            ("mood", "fine"),
            ("code", "ab"),
            ("code", "abcd"),
            ("padded", "ab"),
            ("letter", "b"),
            ("spans", "[2,10)"),
            ("numbers", "{2,2}"),
            ("host", "10.0.0.3"),
            ("net", "10.2.0.0/16"),
            ("amount", "2"),
            ("wait", "2 days"),
            ("day", "infinity"),
            ("xid", "2"),
        ];
        let tenant = "acme".parse().unwrap();
        for (name, value) in values {
            let one = || value.to_owned();
            let ordered = [
                ("<", Test::Lt(one())),
                ("<=", Test::Lte(one())),
                (">", Test::Gt(one())),
                (">=", Test::Gte(one())),
            ];
            let equal = [("=", Test::AnyOf(vec![one()])), ("<>", Test::Ne(one()))];
            let tests = equal.into_iter().chain(ordered.into_iter().filter(|_| name != "xid"));
            for (symbol, test) in tests {
                let symbol = if name == "attributes" && !["=", "<>"].contains(&symbol) {
                    format!("#{symbol}#")
                } else {
                    symbol.to_owned()
                };
                // `varchar` has no operators of its own, and uses those of `text`.
                let wanted = bench
                    .oracle(&format!(
                        "select id from S.t where {name} {symbol} {} order by id",
                        literal(value)
                    ))
                    .await;
                let found = bench.ids(&selection(&dataset, Some((name, test))), &tenant).await.unwrap();
                assert_eq!(found, wanted, "{name} {symbol} {value}");
            }
            let both = Test::AnyOf(vec![one(), one()]);
            let found = bench.ids(&selection(&dataset, Some((name, both))), &tenant).await.unwrap();
            assert_eq!(
                found,
                bench
                    .oracle(&format!("select id from S.t where {name} = {} order by id", literal(value)))
                    .await,
                "{name}"
            );
        }
        for name in ["point", "points", "doc"] {
            let found =
                bench.resolve(&format!("relation = \"S.t\"\nshared = true\nfilters = [\"{name}\"]")).await;
            let text = export::problem::describe(&found.violations);
            assert!(text.contains(&format!("values of the column {name:?} cannot be compared")), "{text}");
        }
        let wrong = Test::AnyOf(vec!["no ltree, hunter2!".into()]);
        let error = bench.ids(&selection(&dataset, Some(("path", wrong))), &tenant).await.unwrap_err();
        assert_eq!((error.code, error.code.is_retryable()), (SourceCode::FilterValue, false));
        assert!(error.message.contains("\"path\"") && !format!("{error:?}").contains("hunter2"), "{error:?}");
        bench.end().await;
    }
}

#[tokio::test]
async fn a_query_finds_operators_in_its_search_path() {
    let made = [
        "create table S.t (id bigint, mail X.citext); insert into S.t values (1, 'a@x'), (2, 'A@X'), (3, 'b')",
    ];
    for bench in benches("path", &made).await {
        let query = "query = \"select id from S.t where mail = 'A@x' -- ; \"\nshared = true";
        let tenant = "acme".parse().unwrap();
        let found = bench.resolve(query).await;
        let warned = export::problem::describe(&found.warnings);
        assert!(warned.contains("compares it as text") && warned.contains("search_path"), "{warned}");
        let plain = selection(&found.dataset.unwrap(), None);
        assert_eq!(bench.ids(&plain, &tenant).await.unwrap(), [0i64; 0]);
        let found = bench.resolve(&format!("{query}\nsearch_path = [\"identity_ext\"]")).await;
        assert_eq!(found.warnings, []);
        let dataset = found.dataset.unwrap();
        assert_eq!(bench.ids(&selection(&dataset, None), &tenant).await.unwrap(), [1, 2]);
        let wrong = bench.resolve(&format!("{query}\nsearch_path = [\"nowhere\"]")).await;
        let text = export::problem::describe(&wrong.violations);
        assert!(text.contains("datasets.d.search_path: there is no schema \"nowhere\""), "{text}");
        bench.end().await;
    }
}
