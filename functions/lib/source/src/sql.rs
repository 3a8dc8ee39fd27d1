//! SQL that reads the user's tables: pure text, pinned in `tests/golden/*.sql`.
//!
//! Identifiers come from the catalog only. Values reach SQL only through [`literal`]. NUL is refused where a request
//! is read, because PostgreSQL cannot store it.

use std::fmt::Write as _;

use export::catalog::{From, Identity, TenantColumn, TenantType};
use export::column::{Column, ColumnType, Qualified, Read};
use export::format::Format;
use export::id::TenantId;
use export::range::{Range, RangeKind, Slice, SliceKind, Span};
use export::selection::{By, Predicate, Selection, Test};

pub use ports::postgres::quote::{identifier, literal};

/// Returns the one statement that exports a chunk.
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
    if let Some(limit) = selection.limit {
        let _ = write!(sql, "\nlimit {limit}");
    }
    sql.push_str("\n) to stdout (format binary)");
    sql
}

/// Returns the query for the description, which is one row: whether the server is a standby, its time in microseconds
/// since 1970, the time up to which it has replayed, the start of the oldest open transaction, the current type of
/// each column that is read or compared, and for a text tenant column whether equal texts have equal bytes (1).
///
/// Parsing it locks the relations, so that no DDL can run between it and the COPY. Types are taken from the columns
/// themselves, not from their casts.
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

/// Returns names and types that must match the catalog: of the columns, of the filters in use, and of the tenant
/// column.
pub(super) fn expected(selection: &Selection) -> Vec<(&str, u32)> {
    let columns = selection.columns.iter().map(|c| (c.name.as_str(), c.oid));
    let filters = selection.conditions().filter_map(|p| Some((p.column.as_str(), p.by.as_ref()?.oid)));
    let tenant = selection.tenant_column.as_ref().and_then(|by| Some((by.name.as_str(), by.of?.oid)));
    columns.chain(filters).chain(tenant).collect()
}

/// Returns the tenant column if equality depends on its collation.
pub(super) fn collated(selection: &Selection) -> Option<&TenantColumn> {
    let is_collated = |of: TenantType| of.kind == ColumnType::Text && of.deterministic;
    selection.tenant_column.as_ref().filter(|by| by.of.is_some_and(is_collated))
}

/// Returns the SQL that is 1 if equal texts of the expression have equal bytes, else 0.
pub fn is_deterministic(expression: &str) -> String {
    format!(
        "(select k.collisdeterministic::pg_catalog.int4::pg_catalog.oid from pg_catalog.pg_collation k \
         where k.oid = pg_catalog.pg_collation_for({expression})::pg_catalog.regcollation)"
    )
}

/// Returns the statement that adds these schemas to the search path for the transaction. PostgreSQL's own schema
/// comes first.
pub(super) fn set_path(schemas: &[String]) -> String {
    if schemas.is_empty() {
        return String::new();
    }
    let list: Vec<String> = schemas.iter().map(|schema| identifier(schema)).collect();
    format!("set local search_path = pg_catalog, {};\n", list.join(", "))
}

/// Returns the query that parses the values of a filter as its type, if only the source knows the valid values, or if
/// its encoding may lack their characters.
pub(super) fn try_sql(p: &Predicate) -> Option<String> {
    let ascii = p.test.values().iter().all(|value| value.is_ascii());
    let by = p.by.as_ref().filter(|by| by.untried || !ascii)?;
    let values: Vec<String> = p.test.values().iter().map(|value| typed(value, &by.of)).collect();
    Some(format!("select from (select {}) v", values.join(", ")))
}

/// Readers of Aurora replay no WAL of their own: their data has no known time, and they may refuse the query. Such
/// rows never count as settled.
pub(super) const REPLAYED: &str = "case when pg_catalog.to_regproc('aurora_version') is null then pg_catalog.pg_last_xact_replay_timestamp() end";

pub(super) fn micros(instant: &str) -> String {
    format!("(extract(epoch from {instant}) * 1000000)::pg_catalog.int8")
}

/// Returns a column of the select list.
pub fn select(c: &Column, format: Format) -> String {
    let name = column(&c.name);
    match c.read {
        Read::Native => name,
        Read::Cast | Read::Output if format == Format::Ndjson => {
            format!("pg_catalog.to_json({name})::pg_catalog.text")
        }
        Read::Cast => format!("{name}::pg_catalog.text"),
        // `is not null` would be false for a composite with one NULL field. `is distinct from null` tests the value
        // as a whole, and needs no equality operator.
        Read::Output => {
            format!("case when {name} is distinct from null then pg_catalog.format('%s', {name}) end")
        }
    }
}

pub(super) fn from(from: &From) -> String {
    match from {
        From::Relation { schema, name } => format!("{}.{} q", identifier(schema), identifier(name)),
        // The line breaks end a comment on the query's last line.
        From::Query(query) => format!("(\n{query}\n) q"),
    }
}

pub(super) fn conditions(selection: &Selection, range: &Range, tenant: &TenantId) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(by) = &selection.range_column {
        let name = column(&by.name);
        match range {
            Range::Span(span) => {
                all.extend(span.first().map(|at| format!("{name} >= {}", bound(span, at))));
                all.extend(span.after().map(|at| format!("{name} < {}", bound(span, at))));
                // Open at both ends it includes every value, also infinity, but not NULL.
                if all.is_empty() {
                    all.push(format!("{name} is not null"));
                }
            }
            Range::Null => all.push(format!("{name} is null")),
            Range::Slice(_) | Range::All => {}
        }
    }
    if let (Some(key), Range::Slice(slice)) = (&selection.key, range) {
        all.extend(within(slice, &key.column));
    }
    if let Some(by) = &selection.tenant_column {
        all.extend(only_of(by, tenant));
    }
    all.extend(selection.predicates.iter().map(predicate));
    if !selection.alternatives.is_empty() {
        let group = |group: &Vec<Predicate>| {
            format!("({})", group.iter().map(predicate).collect::<Vec<_>>().join(" and "))
        };
        let groups: Vec<_> = selection.alternatives.iter().map(group).collect();
        all.push(format!("({})", groups.join(" or ")));
    }
    all
}

/// Returns the conditions that restrict rows to those of the tenant. The plain equality can use an index; if it is
/// wider than identity, an exact comparison is added.
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

/// Returns a literal of the range column's own type, so that its index can be used.
fn bound(span: &Span, at: i64) -> String {
    let type_name = match span.kind {
        RangeKind::Date => "date",
        RangeKind::Wall => "timestamp",
        RangeKind::Instant => "timestamptz",
    };
    format!("{type_name} {}", literal(&span.literal(at)))
}

/// Returns the conditions that a key is within a slice; none on a side without a bound.
pub fn within(slice: &Slice, key: &str) -> impl Iterator<Item = String> {
    let name = column(key);
    let from = slice.first().map(|at| format!("{name} >= {}", slice_bound(slice, at)));
    let to = slice.after().map(|at| format!("{name} < {}", slice_bound(slice, at)));
    from.into_iter().chain(to)
}

/// Returns a literal of the key's type. All integer types share the operators of an index.
fn slice_bound(slice: &Slice, at: i64) -> String {
    let text = slice.text(at);
    match slice.kind {
        SliceKind::Integer => format!("bigint {}", literal(&text)),
        SliceKind::Uuid => format!("uuid {}", literal(&text)),
        SliceKind::Block => format!("tid {}", literal(&format!("({text},0)"))),
    }
}

fn predicate(p: &Predicate) -> String {
    let name = column(&p.column);
    match (&p.test, &p.by) {
        (Test::IsNull, _) => format!("{name} is null"),
        // `is not null` would be false for a composite value with one NULL field, as `is null` is.
        (Test::NotNull, _) => format!("not ({name} is null)"),
        (Test::NoneOf(values), Some(by)) => by_operator(&name, values, by, Of::All),
        // Characters are compared as they are: a collation by which different texts are equal has no prefixes.
        (Test::StartsWith(value), Some(by)) => {
            format!("({name} collate \"C\") {} {}", operator(&by.operator), typed(value, &by.of))
        }
        (test, Some(by)) => by_operator(&name, test.values(), by, Of::Any),
        (test, None) => by_symbol(&name, test),
    }
}

/// Values of a list with which a column is compared.
#[derive(Clone, Copy)]
enum Of {
    /// At least one of them.
    Any,
    /// Each of them.
    All,
}

impl Of {
    fn quantifier(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::All => "all",
        }
    }

    fn conjunction(self) -> &'static str {
        match self {
            Self::Any => " or ",
            Self::All => " and ",
        }
    }
}

/// Returns the condition with the type's own operators and typed literals, so that it does not depend on
/// `search_path`.
fn by_operator(name: &str, values: &[String], by: &By, of: Of) -> String {
    let operator = operator(&by.operator);
    let one = |value: &String| format!("{name} {operator} {}", typed(value, &by.of));
    match values {
        [value] => one(value),
        values if by.listable => {
            let list: Vec<String> = values.iter().map(|value| literal(value)).collect();
            format!(
                "{name} {operator} {} (array[{}]::{}[])",
                of.quantifier(),
                list.join(", "),
                qualified(&by.of)
            )
        }
        // There are no arrays of arrays.
        values => format!("({})", values.iter().map(one).collect::<Vec<_>>().join(of.conjunction())),
    }
}

/// Returns the condition as for chunks stored before operators were recorded: literals without a type, which
/// PostgreSQL reads as the column's.
fn by_symbol(name: &str, test: &Test) -> String {
    let symbol = match test {
        Test::IsNull => return format!("{name} is null"),
        Test::NotNull => return format!("not ({name} is null)"),
        Test::AnyOf(values) if values.len() > 1 => {
            let list: Vec<String> = values.iter().map(|v| literal(v)).collect();
            return format!("{name} in ({})", list.join(", "));
        }
        Test::NoneOf(values) => {
            let list: Vec<String> = values.iter().map(|v| literal(v)).collect();
            return format!("{name} not in ({})", list.join(", "));
        }
        // Never made without the operator.
        Test::StartsWith(_) => "^@",
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

/// Returns an operator with its schema.
pub fn operator(name: &Qualified) -> String {
    format!("operator({}.{})", identifier(&name.schema), name.name)
}

/// Returns a name with its schema.
pub fn qualified(name: &Qualified) -> String {
    format!("{}.{}", identifier(&name.schema), identifier(&name.name))
}

fn column(name: &str) -> String {
    format!("q.{}", identifier(name))
}

#[cfg(test)]
mod tests;
