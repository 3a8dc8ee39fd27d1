//! Description of a selection, read as the worker reads it.

use export::catalog::{From, TenantColumn, TenantType};
use export::column::{Column, ColumnType};

use super::*;
use crate::SourceCode;

fn selection() -> Selection {
    Selection {
        dataset: "t".into(),
        from: From::Relation { schema: "s".into(), name: "t".into() },
        columns: vec![Column::native("id", 20, ColumnType::Int8)],
        ..Selection::example()
    }
}

#[test]
fn another_type_is_a_changed_schema() {
    let error = compare(&[Some(0), Some(7), None, None, Some(1082)], &selection()).unwrap_err();
    assert_eq!((error.code, error.code.is_retryable()), (SourceCode::SchemaChanged, false));
    assert!(error.message.contains("\"id\"") && error.message.contains("catalog apply"));
}

#[test]
fn changed_tenant_column_type_or_collation_is_a_changed_schema() {
    let of = TenantType { oid: 25, kind: ColumnType::Text, deterministic: true };
    let tenant_column = Some(TenantColumn { name: "account".into(), of: Some(of) });
    let selection = Selection { tenant_column, ..selection() };
    let read = |oid, deterministic| {
        compare(&[Some(0), Some(7), None, None, Some(20), Some(oid), deterministic], &selection)
    };
    assert!(read(25, Some(1)).is_ok());
    for (oid, deterministic) in [(19, Some(1)), (25, Some(0)), (25, None)] {
        let error = read(oid, deterministic).unwrap_err();
        assert!(error.code == SourceCode::SchemaChanged && error.message.contains("\"account\""), "{error}");
    }
}

#[test]
fn only_a_standby_may_lack_a_replay_time() {
    let read = |row: [Option<i64>; 5]| {
        let at = compare(&row, &selection()).unwrap();
        (at.as_of_micros, at.replayed_micros, at.horizon_micros())
    };
    assert_eq!(read([Some(0), Some(7), None, None, Some(20)]), (7, Some(7), Some(7)));
    assert_eq!(read([Some(1), Some(7), Some(5), None, Some(20)]), (5, Some(5), Some(5)));
    assert_eq!(read([Some(1), Some(7), None, None, Some(20)]), (7, None, None));
    assert_eq!(
        read([Some(0), Some(7), None, Some(3), Some(20)]),
        (7, Some(7), Some(3)),
        "a transaction is open"
    );
}
