//! Tests of filter values: every accepted value has one spelling, and PostgreSQL reads it.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn column(kind: ColumnType) -> Column {
    Column::native("c", 0, kind)
}

fn text(kind: ColumnType, value: Value) -> Option<String> {
    literal(&column(kind), &value).ok().map(|l| l.text)
}

#[track_caller]
fn accepts(kind: ColumnType, pairs: &[(Value, &str)]) {
    for (value, wanted) in pairs {
        assert_eq!(text(kind, value.clone()).as_deref(), Some(*wanted), "{value}");
    }
}

#[track_caller]
fn refuses(kind: ColumnType, values: &[Value]) {
    for value in values {
        assert_eq!(text(kind, value.clone()), None, "{value}");
    }
}

#[test]
fn booleans_are_json_booleans() {
    accepts(ColumnType::Bool, &[(json!(true), "true"), (json!(false), "false")]);
    refuses(ColumnType::Bool, &[json!("true"), json!(1), json!("")]);
}

#[test]
fn whole_numbers_stay_in_range() {
    accepts(ColumnType::Int2, &[(json!(-32768), "-32768"), (json!("007"), "7"), (json!("-0"), "0")]);
    refuses(
        ColumnType::Int2,
        &[json!(32768), json!(1.0), json!("1e2"), json!(""), json!(" 1"), json!("+1"), json!(true)],
    );
    refuses(ColumnType::Int4, &[json!(2147483648i64)]);
    accepts(ColumnType::Int8, &[(json!("9223372036854775807"), "9223372036854775807")]);
    refuses(ColumnType::Int8, &[json!(9223372036854775808u64), json!("9223372036854775808"), json!("٣")]);
}

#[test]
fn floats_have_their_shortest_form() {
    accepts(
        ColumnType::Float8,
        &[
            (json!(10), "10"),
            (json!("1e1"), "10"),
            (json!(-0.0), "0"),
            (json!(1e300), "1e300"),
            (json!("NaN"), "NaN"),
            (json!("-Infinity"), "-Infinity"),
        ],
    );
    accepts(ColumnType::Float4, &[(json!(0.1), "0.1"), (json!("1e20"), "1e20")]);
    refuses(ColumnType::Float4, &[json!(1e300), json!("1e-300"), json!("inf"), json!("0x10"), json!("1_0")]);
    refuses(ColumnType::Float8, &[json!("1e999"), json!("1e-999"), json!("nan"), json!("."), json!("")]);
}

#[test]
fn decimals_are_plain_and_exact() {
    accepts(
        ColumnType::Numeric,
        &[
            (json!(10), "10"),
            (json!(10.50), "10.5"),
            (json!("0010.500"), "10.5"),
            (json!("-0.00"), "0"),
            (json!("1.5e3"), "1500"),
            (json!("1.5e-3"), "0.0015"),
            (json!("-12e-1"), "-1.2"),
            (json!("12345678901234567890.123456789"), "12345678901234567890.123456789"),
            (json!(u64::MAX), "18446744073709551615"),
            (json!("NaN"), "NaN"),
        ],
    );
    // A JSON number of so many digits has already lost some of them.
    refuses(ColumnType::Numeric, &[json!(0.12345678901234567)]);
    refuses(
        ColumnType::Numeric,
        &[
            json!("1e2000"),
            json!("1e-2000"),
            json!("infinity"),
            json!("1,5"),
            json!("1e"),
            json!("-"),
            json!(".5"),
        ],
    );
}

#[test]
fn texts_with_nul_are_refused() {
    accepts(ColumnType::Text, &[(json!(""), ""), (json!("' or 1=1 --"), "' or 1=1 --")]);
    refuses(ColumnType::Text, &[json!("a\0b"), json!(1), json!(true)]);
}

fn of(kind: ColumnType, name: &str) -> Column {
    let operator = crate::column::Qualified::new("pg_catalog", "=");
    let of = crate::column::Qualified::new("pg_catalog", name);
    let compare = crate::column::Compare { of, listable: true, eq: operator, ne: None, order: None };
    Column { compare: Some(compare), ..column(kind) }
}

#[test]
fn values_that_postgresql_would_truncate_are_refused() {
    let reads = |column: &Column, text: &str| literal(column, &json!(text)).is_ok();
    let (name, bits) = (of(ColumnType::Text, "name"), of(ColumnType::Text, "varbit"));
    assert!(
        reads(&name, &"a".repeat(63)) && !reads(&name, &"a".repeat(64)) && !reads(&name, &"é".repeat(32))
    );
    assert!(reads(&bits, "0110") && reads(&bits, "") && !reads(&bits, "x1F") && !reads(&bits, "012"));
    accepts(ColumnType::Char, &[(json!("x"), "x"), (json!(""), "")]);
    refuses(ColumnType::Char, &[json!("xy"), json!("é"), json!("\\"), json!("\\101"), json!(1)]);
    let network = of(ColumnType::Inet, "cidr");
    assert!(reads(&network, "10.0.0.0/8") && !reads(&network, "10.0.0.1/8"));
    accepts(ColumnType::Inet, &[(json!("10.0.0.1"), "10.0.0.1"), (json!("10.0.0.1/8"), "10.0.0.1/8")]);
    refuses(ColumnType::Inet, &[json!("10/8"), json!(1)]);
}

#[test]
fn times_of_day_are_validated_and_normalised() {
    let time = [
        (json!("12:00"), "12:00:00"),
        (json!("23:59:59.500"), "23:59:59.5"),
        (json!("24:00:00"), "24:00:00"),
    ];
    accepts(ColumnType::Time, &time);
    refuses(
        ColumnType::Time,
        &[json!("24:00:01"), json!("12"), json!("noon"), json!("12:00 PM"), json!("12:00:60")],
    );
    let zoned = [
        (json!("12:00+02"), "12:00:00+02"),
        (json!("12:00:00Z"), "12:00:00+00"),
        (json!("12:00:00.25-05:45"), "12:00:00.25-05:45"),
        (json!("12:00:00+02:00"), "12:00:00+02"),
    ];
    accepts(ColumnType::Timetz, &zoned);
    refuses(
        ColumnType::Timetz,
        &[json!("12:00"), json!("12:00 CET"), json!("12:00+99"), json!("12:00+01:60"), json!("+")],
    );
}

#[test]
fn infinite_dates_and_numbers_are_accepted() {
    for kind in [ColumnType::Date, ColumnType::Timestamp, ColumnType::Timestamptz] {
        accepts(kind, &[(json!("infinity"), "infinity"), (json!("-infinity"), "-infinity")]);
        refuses(kind, &[json!("Infinity"), json!("now"), json!("epoch")]);
    }
    accepts(ColumnType::Numeric, &[(json!("Infinity"), "Infinity")]);
}

#[test]
fn an_oid_is_a_whole_number() {
    accepts(ColumnType::Oid, &[(json!(0), "0"), (json!(4294967295u32), "4294967295"), (json!("7"), "7")]);
    refuses(ColumnType::Oid, &[json!(-1), json!(4294967296i64), json!("pg_class")]);
}

#[test]
fn array_filter_is_a_string_for_every_element_type() {
    for kind in [ColumnType::Text, ColumnType::Int4, ColumnType::Bool, ColumnType::Jsonb, ColumnType::Date] {
        let mut array = Column { array: true, type_name: "thing[]".into(), ..column(kind) };
        array.labels = vec!["open".into()];
        assert_eq!(literal(&array, &json!("{1,2}")).unwrap().text, "{1,2}");
        for wrong in [json!(1), json!(true), json!("\0")] {
            assert_eq!(literal(&array, &wrong).unwrap_err(), "a string that PostgreSQL reads as thing[]");
        }
    }
}

#[test]
fn an_enum_is_one_of_its_labels() {
    let mut status = column(ColumnType::Text);
    status.labels = vec!["open".into(), "paid".into()];
    status.read = Read::Cast;
    assert!(literal(&status, &json!("paid")).is_ok());
    assert_eq!(literal(&status, &json!("Paid")), Err("one of \"open\", \"paid\"".to_owned()));
}

#[test]
fn a_uuid_has_hyphens() {
    accepts(
        ColumnType::Uuid,
        &[(json!("123E4567-E89B-12D3-A456-426614174000"), "123e4567-e89b-12d3-a456-426614174000")],
    );
    refuses(
        ColumnType::Uuid,
        &[
            json!("123e4567e89b12d3a456426614174000"),
            json!("{123e4567-e89b-12d3-a456-426614174000}"),
            json!(""),
        ],
    );
}

#[test]
fn dates_are_of_the_calendar() {
    accepts(ColumnType::Date, &[(json!("2024-02-29"), "2024-02-29")]);
    refuses(
        ColumnType::Date,
        &[
            json!("2024-02-30"),
            json!("0000-01-01"),
            json!("20240101"),
            json!("+02024-01-01"),
            json!("today"),
            json!("2024-01-01T00:00:00"),
        ],
    );
}

#[test]
fn wall_times_have_no_offset() {
    accepts(
        ColumnType::Timestamp,
        &[
            (json!("2024-01-31T12:00:00"), "2024-01-31 12:00:00"),
            (json!("2024-01-31 12:00:00.500000"), "2024-01-31 12:00:00.5"),
            (json!("0001-01-01T00:00:00"), "0001-01-01 00:00:00"),
        ],
    );
    refuses(
        ColumnType::Timestamp,
        &[
            json!("2024-01-31"),
            json!("2024-01-31T12:00:00Z"),
            json!("2024-01-31T12:00:00+01:00"),
            json!("2024-01-31T24:00:00"),
            json!("2024-01-31T12:00:60"),
            json!("2024-01-31T12:00:00.1234567"),
            json!("2024-01-31T12:00:00."),
            json!("2024-01-31T12:00"),
            json!("2024-01-31T12:00:0é"),
        ],
    );
}

#[test]
fn instants_are_written_in_utc() {
    accepts(
        ColumnType::Timestamptz,
        &[
            (json!("2024-01-31T12:00:00Z"), "2024-01-31 12:00:00Z"),
            (json!("2024-01-31T12:00:00.25+05:45"), "2024-01-31 06:15:00.25Z"),
            (json!("2024-01-31T23:00:00-02:00"), "2024-02-01 01:00:00Z"),
        ],
    );
    refuses(
        ColumnType::Timestamptz,
        &[
            json!("2024-01-31T12:00:00"),
            json!("2024-01-31"),
            json!("2024-01-31T12:00:00+25:00"),
            json!("2024-01-31T12:00:00+01:60"),
            json!("0001-01-01T00:00:00+05:00"),
            json!("2024-01-31T12:00:00[UTC]"),
            json!("é"),
            json!("Z"),
        ],
    );
}

#[test]
fn bytes_are_hexadecimal_and_jsonb_is_json() {
    accepts(ColumnType::Bytea, &[(json!("\\x00FF"), "\\x00ff"), (json!("\\x"), "\\x")]);
    refuses(ColumnType::Bytea, &[json!("\\x0"), json!("00ff"), json!("\\xzz")]);
    accepts(ColumnType::Jsonb, &[(json!("{\"a\": 1}"), "{\"a\": 1}")]);
    refuses(ColumnType::Jsonb, &[json!("{a: 1}"), json!("\"\\u0000\""), json!(1)]);
}

fn kinds() -> impl Strategy<Value = ColumnType> {
    use ColumnType::*;
    prop::sample::select(vec![
        Bool,
        Int2,
        Int4,
        Int8,
        Float4,
        Float8,
        Numeric,
        Text,
        Uuid,
        Date,
        Timestamp,
        Timestamptz,
        Bytea,
        Json,
        Jsonb,
        Time,
        Timetz,
        Interval,
        Inet,
        Char,
    ])
}

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "-?[0-9]{1,25}(\\.[0-9]{1,25})?([eE][-+]?[0-9]{1,3})?".prop_map(Value::from),
        "[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,7})?(Z|[-+][0-2][0-9]:[0-5][0-9])?)?"
            .prop_map(Value::from),
        "[0-2][0-9]:[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?(Z|[-+][0-2][0-9](:[0-5][0-9])?)?".prop_map(Value::from),
        "[0-9]{1,3}\\.[0-9]{1,2}\\.0\\.[0-9]{1,3}(/[0-9]{1,2})?".prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn accepted_values_have_one_spelling(kind in kinds(), value in scalars()) {
        if let Ok(first) = literal(&column(kind), &value) {
            let again = literal(&column(kind), &first.json);
            prop_assert_eq!(Ok(&first), again.as_ref());
            let by_text = literal(&column(kind), &Value::from(first.text.as_str()));
            prop_assert!(kind == ColumnType::Bool || by_text == Ok(first));
        }
    }

    #[test]
    fn a_decimal_keeps_its_value(digits in -1_000_000_000_000i64..1_000_000_000_000, exponent in -20i32..20) {
        let text = text(ColumnType::Numeric, json!(format!("{digits}e{exponent}"))).unwrap();
        let (a, b): (f64, f64) = (text.parse().unwrap(), format!("{digits}e{exponent}").parse().unwrap());
        prop_assert_eq!(a.to_bits(), if b == 0.0 { 0 } else { b.to_bits() });
        prop_assert!(!text.contains(['e', 'E']) && !text.starts_with("00"));
    }
}
