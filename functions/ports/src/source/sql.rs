//! The SQL that reads the user's tables: pure text, pinned in `tests/golden/*.sql`.
//!
//! Identifiers come from the catalog only. Values reach SQL through [`literal`] and nowhere else.
//! NUL is refused where a request is read; PostgreSQL could not hold it.

use std::fmt::Write as _;

use export::catalog::From;
use export::column::{Column, Read};
use export::format::Format;
use export::id::TenantId;
use export::range::{Range, RangeKind, Span};
use export::selection::{Predicate, Selection, Test};

/// The one statement that exports a chunk.
pub fn copy_sql(selection: &Selection, range: &Range, tenant: &TenantId) -> String {
    let list: Vec<String> = selection.columns.iter().map(|c| select(c, selection.output.format)).collect();
    let mut sql = format!("copy (\nselect {}\nfrom {}", list.join(",\n       "), from(&selection.from));
    for (i, condition) in conditions(selection, range, tenant).iter().enumerate() {
        let word = if i == 0 { "where" } else { "  and" };
        let _ = write!(sql, "\n{word} {condition}");
    }
    if !selection.order.is_empty() {
        let order: Vec<String> = selection.order.iter().map(|name| column(name)).collect();
        let _ = write!(sql, "\norder by {}", order.join(", "));
    }
    sql.push_str("\n) to stdout (format binary)");
    sql
}

/// One row: whether the server is a standby, its time in microseconds since 1970, the time up to which
/// it has replayed, since when a transaction is open, and the type of each column as it is now.
///
/// Being parsed it locks the relations, so that no DDL can come between it and the COPY. Types are
/// taken from the columns as they are, not as they are cast.
pub fn describe_sql(selection: &Selection) -> String {
    let (mut types, mut inner) = (String::new(), Vec::new());
    for (i, c) in selection.columns.iter().enumerate() {
        let _ = write!(types, ",\n       pg_catalog.pg_typeof(q.c{i})::pg_catalog.oid");
        inner.push(format!("{} as c{i}", column(&c.name)));
    }
    format!(
        "select pg_catalog.pg_is_in_recovery(),
       {},
       {},
       {}{types}
from (values (1)) v
left join (
select {}
from {}
limit 0
) q on true",
        micros("pg_catalog.now()"),
        micros(REPLAYED),
        micros(&super::horizon::open_since_sql()),
        inner.join(", "),
        from(&selection.from)
    )
}

/// Readers of Aurora replay no WAL of their own: what they show has no time that could be told, and they may refuse to be
/// asked. Such rows count as settled nowhere.
const REPLAYED: &str = "case when pg_catalog.to_regproc('aurora_version') is null then pg_catalog.pg_last_xact_replay_timestamp() end";

fn micros(instant: &str) -> String {
    format!("(extract(epoch from {instant}) * 1000000)::pg_catalog.int8")
}

/// A column of the select list.
pub(super) fn select(c: &Column, format: Format) -> String {
    let name = column(&c.name);
    match c.read {
        Read::Native => name,
        Read::Cast | Read::Output if format == Format::Ndjson => {
            format!("pg_catalog.to_json({name})::pg_catalog.text")
        }
        Read::Cast => format!("{name}::pg_catalog.text"),
        // `is not null` would be false for a composite with one NULL field. `is distinct from null`
        // asks about the value as a whole, and needs no equality operator.
        Read::Output => {
            format!("case when {name} is distinct from null then pg_catalog.format('%s', {name}) end")
        }
    }
}

fn from(from: &From) -> String {
    match from {
        From::Relation { schema, name } => format!("{}.{} q", identifier(schema), identifier(name)),
        // The line breaks end a comment on the query's last line.
        From::Query(query) => format!("(\n{query}\n) q"),
    }
}

fn conditions(selection: &Selection, range: &Range, tenant: &TenantId) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(by) = &selection.range_column {
        let name = column(&by.name);
        match range {
            Range::Span(span) => {
                all.extend(span.first().map(|at| format!("{name} >= {}", bound(span, at))));
                all.extend(span.after().map(|at| format!("{name} < {}", bound(span, at))));
                // Open at both ends it holds every value, infinity included; NULL is none.
                if all.is_empty() {
                    all.push(format!("{name} is not null"));
                }
            }
            Range::Null => all.push(format!("{name} is null")),
            Range::All => {}
        }
    }
    if let Some(name) = &selection.tenant_column {
        all.push(format!("{} = {}", column(name), literal(tenant.as_str())));
    }
    all.extend(selection.predicates.iter().map(predicate));
    all
}

/// A literal of the range column's own type, so that its index serves.
fn bound(span: &Span, at: i64) -> String {
    let type_name = match span.kind {
        RangeKind::Date => "date",
        RangeKind::Wall => "timestamp",
        RangeKind::Instant => "timestamptz",
    };
    format!("{type_name} {}", literal(&span.literal(at)))
}

/// Literals without a type: PostgreSQL reads them as the column's.
fn predicate(p: &Predicate) -> String {
    let name = column(&p.column);
    let compare = |operator: &str, value: &str| format!("{name} {operator} {}", literal(value));
    match &p.test {
        Test::IsNull => format!("{name} is null"),
        Test::AnyOf(values) if values.len() == 1 => compare("=", &values[0]),
        Test::AnyOf(values) => {
            let list: Vec<String> = values.iter().map(|v| literal(v)).collect();
            format!("{name} in ({})", list.join(", "))
        }
        Test::Ne(value) => compare("<>", value),
        Test::Gt(value) => compare(">", value),
        Test::Gte(value) => compare(">=", value),
        Test::Lt(value) => compare("<", value),
        Test::Lte(value) => compare("<=", value),
    }
}

fn column(name: &str) -> String {
    format!("q.{}", identifier(name))
}

/// Quotes an identifier.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a value. With a backslash in it the form is `E'…'`, which means the same whether
/// `standard_conforming_strings` is on or off.
pub fn literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

#[cfg(test)]
mod tests;
