//! Tests of the text of every statement, and of quoting against an independent reader of literals.

use export::catalog::{RangeColumn, RelationName};
use export::column::ColumnType;
use export::format::Output;
use proptest::prelude::*;

use super::*;

fn col(name: &str, kind: ColumnType, read: Read) -> Column {
    Column { read, ..Column::native(name, 25, kind) }
}

fn orders() -> Selection {
    Selection {
        dataset: "orders".into(),
        from: From::Relation { schema: "shop".into(), name: "orders".into() },
        columns: vec![
            col("id", ColumnType::Int8, Read::Native),
            col("client_ip", ColumnType::Inet, Read::Native),
            col("refund", ColumnType::Text, Read::Output),
            col("discounts", ColumnType::Text, Read::Cast),
        ],
        range_column: Some(RangeColumn {
            name: "created_at".into(),
            kind: RangeKind::Instant,
            time_zone: Some("UTC".into()),
            include_nulls: false,
        }),
        order: vec!["created_at".into(), "id".into()],
        ..Selection::example()
    }
}

fn golden(actual: &str, expected: &str) {
    assert_eq!(format!("{actual}\n"), expected);
}

macro_rules! pinned {
    ($name:literal) => {
        include_str!(concat!("../../../../../tests/golden/", $name, ".sql"))
    };
}

fn tenant_id() -> TenantId {
    "acme".parse().unwrap()
}

#[test]
fn copy_of_a_relation_span_matches_golden_sql() {
    let span = Span { kind: RangeKind::Instant, start: 1_693_440_000_000_000, end: 1_693_526_400_000_000 };
    golden(&copy_sql(&orders(), &Range::Span(span), &tenant_id()), pinned!("copy-span"));
    golden(&describe_sql(&orders()), pinned!("describe-relation"));
}

#[test]
fn open_range_ends_add_no_condition() {
    let conditions = |start, end| {
        let span = Span { kind: RangeKind::Instant, start, end };
        super::conditions(&orders(), &Range::Span(span), &tenant_id()).join(" and ")
    };
    let (open, never) = (Span::OPEN_START, Span::OPEN_END);
    assert_eq!(conditions(open, never), "q.\"created_at\" is not null");
    assert_eq!(conditions(open, 0), "q.\"created_at\" < timestamptz '1970-01-01 00:00:00+00'");
    assert_eq!(conditions(0, never), "q.\"created_at\" >= timestamptz '1970-01-01 00:00:00+00'");
}

#[test]
fn every_predicate_of_a_query_matches_golden_sql() {
    let query = "select * from shop.invoice -- the books' \"view\"";
    let test = |column: &str, test| Predicate { column: column.into(), test, by: None };
    let selection = Selection {
        from: From::Query(query.into()),
        columns: vec![col("weird \"name\"", ColumnType::Text, Read::Native)],
        range_column: Some(RangeColumn { kind: RangeKind::Date, ..orders().range_column.unwrap() }),
        tenant_column: Some("account_id".into()),
        predicates: vec![
            test("country", Test::AnyOf(vec!["DE".into(), "NL".into()])),
            test("city", Test::AnyOf(vec!["'s-Hertogenbosch".into()])),
            test("path", Test::AnyOf(vec!["C:\\temp\\'x'".into()])),
            test("deleted_at", Test::IsNull),
            test("status", Test::Ne("new".into())),
            test("total", Test::Gt("1".into())),
            test("total", Test::Gte("10.5".into())),
            test("total", Test::Lt("100".into())),
            test("total", Test::Lte("99".into())),
        ],
        order: vec![],
        ..orders()
    };
    golden(&copy_sql(&selection, &Range::Null, &tenant_id()), pinned!("copy-predicates"));
    golden(&describe_sql(&selection), pinned!("describe-query"));
}

/// Returns a test by operators of `schema`.
fn by(column: &str, test: Test, operator: &str, of: (&str, &str), listable: bool) -> Predicate {
    let operator = Qualified::new(of.0, operator);
    let by = By { operator, of: Qualified::new(of.0, of.1), oid: 60_000, listable, untried: true };
    Predicate { column: column.into(), test, by: Some(by) }
}

#[test]
fn operators_are_qualified_with_their_schema() {
    let citext = ("ext", "citext");
    let any = |values: [&str; 2]| Test::AnyOf(values.map(str::to_owned).into());
    let tenant = |oid, kind| {
        let of = Some(TenantType { oid, kind, deterministic: true });
        Some(TenantColumn { name: "account_id".into(), of })
    };
    let selection = Selection {
        columns: vec![col("id", ColumnType::Int8, Read::Native)],
        range_column: None,
        tenant_column: tenant(23, ColumnType::Int4),
        predicates: vec![
            by("email", Test::AnyOf(vec!["x'y".into()]), "=", citext, true),
            by("email", any(["a", "b"]), "=", citext, true),
            by("tags", any(["{a}", "{b}"]), "=", ("pg_catalog", "_text"), false),
            by("email", Test::Ne("z".into()), "<>", citext, true),
            by("attributes", Test::Lt("\"a\"=>\"1\"".into()), "#<#", ("ext", "hstore"), true),
        ],
        order: vec![],
        ..orders()
    };
    golden(&copy_sql(&selection, &Range::All, &tenant_id()), pinned!("copy-operators"));
    let values = try_sql(&selection.predicates[1]).unwrap();
    assert_eq!(values, "select from (select 'a'::\"ext\".\"citext\", 'b'::\"ext\".\"citext\") v");
    let selection = Selection {
        tenant_column: tenant(25, ColumnType::Text),
        predicates: selection.predicates[..1].to_vec(),
        search_path: vec!["ext".into(), "Odd \"one\"".into()],
        ..selection
    };
    golden(&describe_sql(&selection), pinned!("describe-operators"));
}

#[test]
fn further_conditions_and_alternatives_are_sql() {
    let text = ("pg_catalog", "text");
    let test = |column: &str, test| Predicate { column: column.into(), test, by: None };
    let none = |values: [&str; 2]| Test::NoneOf(values.map(str::to_owned).into());
    let starts = by("note", Test::StartsWith("it's".into()), "^@", text, true);
    let selection = Selection {
        range_column: None,
        predicates: vec![
            test("note", Test::NotNull),
            by("email", none(["a", "b"]), "<>", ("ext", "citext"), true),
            by("tags", none(["{a}", "{b}"]), "<>", ("pg_catalog", "_text"), false),
            by("email", Test::NoneOf(vec!["z".into()]), "<>", ("ext", "citext"), true),
        ],
        alternatives: vec![
            vec![test("note", Test::IsNull), test("total", Test::Gt("1".into()))],
            vec![starts],
        ],
        ..orders()
    };
    let found = conditions(&selection, &Range::All, &tenant_id());
    assert_eq!(
        found,
        [
            r#"not (q."note" is null)"#,
            r#"q."email" operator("ext".<>) all (array['a', 'b']::"ext"."citext"[])"#,
            r#"(q."tags" operator("pg_catalog".<>) '{a}'::"pg_catalog"."_text" and q."tags" operator("pg_catalog".<>) '{b}'::"pg_catalog"."_text")"#,
            r#"q."email" operator("ext".<>) 'z'::"ext"."citext""#,
            r#"((q."note" is null and q."total" > '1') or ((q."note" collate "C") operator("pg_catalog".^@) 'it''s'::"pg_catalog"."text"))"#,
        ]
    );
    let names: Vec<_> = expected(&selection).into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"note"), "a column of an alternative is checked like every other: {names:?}");
}

#[test]
fn a_sample_is_limited_after_its_order() {
    let selection = Selection { limit: Some(25), order: vec!["at".into()], ..orders() };
    let copy = copy_sql(&selection, &Range::All, &tenant_id());
    assert!(copy.ends_with("\norder by q.\"at\"\nlimit 25\n) to stdout (format binary)"), "{copy}");
}

#[test]
fn copy_of_everything_matches_golden_sql() {
    let selection = Selection { range_column: None, order: vec![], ..orders() };
    golden(&copy_sql(&selection, &Range::All, &tenant_id()), pinned!("copy-all"));
    let output = Output { format: Format::Ndjson, ..Output::default() };
    let selection = Selection { output, ..selection };
    golden(&copy_sql(&selection, &Range::All, &tenant_id()), pinned!("copy-ndjson"));
}

#[test]
fn bounds_have_the_type_of_their_column() {
    let text = |kind, at| bound(&Span { kind, start: at, end: at + 1 }, at);
    assert_eq!(text(RangeKind::Date, 19_600), "date '2023-08-31'");
    assert_eq!(text(RangeKind::Wall, 1_500_000), "timestamp '1970-01-01 00:00:01.5'");
    assert_eq!(text(RangeKind::Instant, 0), "timestamptz '1970-01-01 00:00:00+00'");
}

/// Reads one literal at the start of `sql` as PostgreSQL's scanner does; returns the value and the rest.
fn scan(sql: &str, standard_conforming_strings: bool) -> Option<(String, &str)> {
    let (escapes, body) = match sql.strip_prefix("E'") {
        Some(body) => (true, body),
        None => (!standard_conforming_strings, sql.strip_prefix('\'')?),
    };
    let (mut value, mut chars) = (String::new(), body.char_indices().peekable());
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if chars.peek().is_some_and(|(_, c)| *c == '\'') => {
                chars.next();
                value.push('\'');
            }
            '\'' => return Some((value, &body[at + 1..])),
            '\\' if escapes => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

proptest! {
    #[test]
    fn a_literal_is_read_back_whole(value in "([^\\x00]|['\\\\\"\nn;-]){0,40}", rest in "['\\\\ a]{0,3}") {
        for standard in [true, false] {
            // A quote directly after it would continue the literal; the generated SQL never contains one there.
            let sql = format!("{} {rest}", literal(&value));
            let (read, after) = scan(&sql, standard).expect("a whole literal");
            prop_assert_eq!(&read, &value);
            prop_assert_eq!(after, format!(" {rest}"));
        }
    }

    #[test]
    fn quoted_identifier_cannot_be_escaped(name in "([^\\x00]|[\"'\\\\;-]){1,40}") {
        let quoted = identifier(&name);
        let inner = &quoted[1..quoted.len() - 1];
        prop_assert_eq!(inner.replace("\"\"", "").matches('"').count(), 0);
        prop_assert_eq!(inner.replace("\"\"", "\""), name);
    }

    #[test]
    fn any_accepted_relation_is_one_quoted_relation(text in "([^\\x00]|[a.\"';-]){1,24}") {
        let Ok(RelationName { schema, name }) = RelationName::parse(&text) else { return Ok(()) };
        let sql = from(&From::Relation { schema: schema.clone(), name: name.clone() });
        let (read_schema, rest) = quoted_name(&sql).expect("a quoted schema");
        let (read_name, rest) = quoted_name(rest.strip_prefix('.').expect("a dot")).expect("a quoted name");
        prop_assert_eq!((read_schema, read_name, rest), (schema, name, " q"));
    }
}

/// Reads a quoted identifier as PostgreSQL's scanner does, character by character, and returns the text after it.
fn quoted_name(sql: &str) -> Option<(String, &str)> {
    let mut rest = sql.strip_prefix('"')?;
    let mut name = String::new();
    loop {
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        if c != '"' {
            name.push(c);
        } else if let Some(more) = rest.strip_prefix('"') {
            name.push('"');
            rest = more;
        } else {
            return Some((name, rest));
        }
    }
}
