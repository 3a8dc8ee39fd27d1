//! The SQL that reads the user's tables: pure text, pinned in `tests/golden/*.sql`.
//!
//! Identifiers come from the catalog only. Values reach SQL through [`literal`] and nowhere else.
//! NUL is refused where a request is read; PostgreSQL could not hold it.

use std::fmt::Write as _;

use export::catalog::{From, Identity, TenantColumn, TenantType};
use export::column::{Column, ColumnType, Qualified, Read};
use export::format::Format;
use export::id::TenantId;
use export::range::{Range, RangeKind, Span};
use export::selection::{By, Predicate, Selection, Test};

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
/// it has replayed, since when a transaction is open, the type of each column that is read or compared as it is now, and of a
/// text tenant column whether texts that are equal have equal bytes (1).
///
/// Being parsed it locks the relations, so that no DDL can come between it and the COPY. Types are
/// taken from the columns as they are, not as they are cast.
pub fn describe_sql(selection: &Selection) -> String {
    let (mut types, mut inner) = (String::new(), Vec::new());
    for (i, (name, _)) in expected(selection).into_iter().enumerate() {
        let _ = write!(types, ",\n       pg_catalog.pg_typeof(q.c{i})::pg_catalog.oid");
        inner.push(format!("{} as c{i}", column(name)));
    }
    if let Some(by) = collated(selection) {
        let _ = write!(types, ",\n       {}", is_deterministic("q.t"));
        inner.push(format!("{} as t", column(&by.name)));
    }
    format!(
        "{}select pg_catalog.pg_is_in_recovery(),
       {},
       {},
       {}{types}
from (values (1)) v
left join (
select {}
from {}
limit 0
) q on true",
        set_path(&selection.search_path),
        micros("pg_catalog.now()"),
        micros(REPLAYED),
        micros(&super::horizon::open_since_sql()),
        inner.join(", "),
        from(&selection.from)
    )
}

/// Names and types that must be as the catalog says: of the columns, of the filters in use, and of the tenant column.
pub(super) fn expected(selection: &Selection) -> Vec<(&str, u32)> {
    let columns = selection.columns.iter().map(|c| (c.name.as_str(), c.oid));
    let filters = selection.predicates.iter().filter_map(|p| Some((p.column.as_str(), p.by.as_ref()?.oid)));
    let tenant = selection.tenant_column.as_ref().and_then(|by| Some((by.name.as_str(), by.of?.oid)));
    columns.chain(filters).chain(tenant).collect()
}

/// The tenant column, if its collation decides what equality is.
pub(super) fn collated(selection: &Selection) -> Option<&TenantColumn> {
    let is_collated = |of: TenantType| of.kind == ColumnType::Text && of.deterministic;
    selection.tenant_column.as_ref().filter(|by| by.of.is_some_and(is_collated))
}

/// Whether texts of the expression that are equal have equal bytes, as 1 or 0.
pub(super) fn is_deterministic(expression: &str) -> String {
    format!(
        "(select k.collisdeterministic::pg_catalog.int4::pg_catalog.oid from pg_catalog.pg_collation k \
         where k.oid = pg_catalog.pg_collation_for({expression})::pg_catalog.regcollation)"
    )
}

/// Lets names without a schema be sought in these schemas too, for the transaction. What is PostgreSQL's own comes first.
pub(super) fn set_path(schemas: &[String]) -> String {
    if schemas.is_empty() {
        return String::new();
    }
    let list: Vec<String> = schemas.iter().map(|schema| identifier(schema)).collect();
    format!("set local search_path = pg_catalog, {};\n", list.join(", "))
}

/// Reads the values of a filter as its type, where only the source knows what those are, or whether its encoding has their
/// characters.
pub(super) fn try_sql(p: &Predicate) -> Option<String> {
    let ascii = p.test.values().iter().all(|value| value.is_ascii());
    let by = p.by.as_ref().filter(|by| by.untried || !ascii)?;
    let values: Vec<String> = p.test.values().iter().map(|value| typed(value, &by.of)).collect();
    Some(format!("select from (select {}) v", values.join(", ")))
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
    if let Some(by) = &selection.tenant_column {
        all.extend(only_of(by, tenant));
    }
    all.extend(selection.predicates.iter().map(predicate));
    all
}

/// The tenant's rows and no others. The plain equality is what an index serves; where it is wider than identity, an exact
/// comparison stands beside it.
fn only_of(by: &TenantColumn, tenant: &TenantId) -> Vec<String> {
    let (name, id) = (column(&by.name), literal(tenant.as_str()));
    let plain = format!("{name} operator(pg_catalog.=) {id}");
    let exact = |text: String| format!("{text}::pg_catalog.text operator(pg_catalog.=) {id} collate \"C\"");
    match by.identity() {
        Identity::Value => vec![plain],
        Identity::Spelling(of) => vec![plain, exact(format!("{id}::pg_catalog.{of}"))],
        Identity::Bytes => vec![plain, exact(name)],
    }
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

fn predicate(p: &Predicate) -> String {
    let name = column(&p.column);
    match (&p.test, &p.by) {
        (Test::IsNull, _) => format!("{name} is null"),
        (test, Some(by)) => by_operator(&name, test.values(), by),
        (test, None) => by_symbol(&name, test),
    }
}

/// With the type's own operators and typed literals, so that no `search_path` decides.
fn by_operator(name: &str, values: &[String], by: &By) -> String {
    let operator = operator(&by.operator);
    let one = |value: &String| format!("{name} {operator} {}", typed(value, &by.of));
    match values {
        [value] => one(value),
        values if by.listable => {
            let list: Vec<String> = values.iter().map(|value| literal(value)).collect();
            format!("{name} {operator} any (array[{}]::{}[])", list.join(", "), qualified(&by.of))
        }
        // There are no arrays of arrays.
        values => format!("({})", values.iter().map(one).collect::<Vec<_>>().join(" or ")),
    }
}

/// As chunks of before operators were kept: literals without a type, which PostgreSQL reads as the column's.
fn by_symbol(name: &str, test: &Test) -> String {
    let symbol = match test {
        Test::IsNull => return format!("{name} is null"),
        Test::AnyOf(values) if values.len() > 1 => {
            let list: Vec<String> = values.iter().map(|v| literal(v)).collect();
            return format!("{name} in ({})", list.join(", "));
        }
        Test::AnyOf(_) => "=",
        Test::Ne(_) => "<>",
        Test::Gt(_) => ">",
        Test::Gte(_) => ">=",
        Test::Lt(_) => "<",
        Test::Lte(_) => "<=",
    };
    let value = test.values().first().map_or("", String::as_str);
    format!("{name} {symbol} {}", literal(value))
}

fn typed(value: &str, of: &Qualified) -> String {
    format!("{}::{}", literal(value), qualified(of))
}

/// An operator where it lives.
pub(super) fn operator(name: &Qualified) -> String {
    format!("operator({}.{})", identifier(&name.schema), name.name)
}

/// A name with its schema.
pub(super) fn qualified(name: &Qualified) -> String {
    format!("{}.{}", identifier(&name.schema), identifier(&name.name))
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
