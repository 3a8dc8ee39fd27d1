//! Trial of the statements of a chunk before any chunk is read: its description, and its COPY of some rows in every
//! format.

use export::catalog::{Dataset, Definition};
use export::format::{Format, Output};
use export::id::TenantId;
use export::range::{Range, Span};
use export::selection::Selection;

use super::findings::{self, Findings};
use super::{bounds, revalidation, sample};
use source::compare;
use source::sql::{copy_sql, describe_sql};
use source::{Inspector, SourceError};

/// Maximum number of rows that are read. They show errors that occur on any row: a function that writes, a cast, a
/// missing privilege.
const MAX_ROWS: u64 = 200;

/// Maximum cost of reading them in the planner's units: about a second of one session.
const MAX_COST: f64 = 250_000.0;

/// End of the text of [`copy_sql`].
const COPY_END: &str = "\n) to stdout (format binary)";

/// Runs the statements; returns the error if one is refused. Warns if even some rows would take long.
pub(super) async fn run(
    inspector: &mut Inspector,
    definition: &Definition,
    dataset: &Dataset,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    let Some(tenant) = any_tenant() else { return Ok(()) };
    let limit = sample::most_rows(inspector, dataset).await?.min(MAX_ROWS);
    let ranges = ranges(inspector, dataset).await?;
    let mut sent: Vec<String> = Vec::new();
    let mut unread = false;
    for format in [Format::Csv, Format::Ndjson, Format::Parquet] {
        let selection = selection(dataset, format);
        let described = Selection { tenant_column: dataset.tenant_column.clone(), ..selection.clone() };
        let describe = describe_sql(&described);
        if !sent.contains(&describe) {
            compare(&numbers(&inspector.texts(&describe).await?), &described)?;
            sent.push(describe);
        }
        let mut choices = Vec::new();
        for ordered in [true, false] {
            for range in &ranges {
                let order = if ordered { selection.order.clone() } else { Vec::new() };
                choices.push(limited(&Selection { order, ..selection.clone() }, range, &tenant, limit));
            }
        }
        choices.dedup();
        if choices.first().is_some_and(|first| sent.contains(first)) {
            continue;
        }
        sent.extend(choices.first().cloned());
        unread |= !some_rows(inspector, dataset, &choices).await?;
    }
    if unread {
        let message = format!(
            "this check read none of its rows: even {limit} rows cost more than {MAX_COST} planner units"
        );
        let remedy = "read some of its rows in psql as the source role to verify that they are readable";
        findings.warning(findings::key(definition), message, remedy);
    }
    Ok(())
}

/// Runs the first statement that is affordable and finds a row. Returns false if none was affordable.
async fn some_rows(
    inspector: &mut Inspector,
    dataset: &Dataset,
    choices: &[String],
) -> Result<bool, SourceError> {
    let mut affordable = false;
    for select in choices {
        if inspector.explain(select).await?.cost > MAX_COST {
            continue;
        }
        affordable = true;
        if sample::weigh(inspector, dataset, select).await?.0 > 0 {
            break;
        }
    }
    Ok(affordable)
}

/// Returns a day in the middle of the data according to the statistics, then no range at all.
async fn ranges(inspector: &mut Inspector, dataset: &Dataset) -> Result<Vec<Range>, SourceError> {
    let Some(range) = &dataset.range else { return Ok(vec![Range::All]) };
    let (kind, day) = (range.kind, range.kind.day());
    let at = bounds::middle(inspector, &dataset.from, range).await?;
    let start = at.div_euclid(day) * day;
    Ok(vec![Range::Span(Span { kind, start, end: start + day }), Range::All])
}

/// Returns the selection of a request for all columns of the dataset. It has no tenant: any tenant's rows suffice,
/// and the column's type is compared by the description.
fn selection(dataset: &Dataset, format: Format) -> Selection {
    Selection {
        tenant_column: None,
        settle_after_secs: dataset.settle_after_secs,
        output: Output { format, compression: format.default_compression(), ..Output::default() },
        ..revalidation::selection(dataset)
    }
}

/// Returns the select of a chunk's COPY, limited to the first rows.
fn limited(selection: &Selection, range: &Range, tenant: &TenantId, limit: u64) -> String {
    let copy = copy_sql(selection, range, tenant);
    let select = copy.strip_prefix("copy (\n").and_then(|rest| rest.strip_suffix(COPY_END)).unwrap_or(&copy);
    format!("{select}\nlimit {limit}")
}

/// Returns a tenant for statements in which none occurs.
fn any_tenant() -> Option<TenantId> {
    "check".parse().ok()
}

/// Reads the row of the description as a worker does.
fn numbers(rows: &[Vec<Option<String>>]) -> Vec<Option<i64>> {
    let number = |cell: &Option<String>| match cell.as_deref()? {
        "t" => Some(1),
        "f" => Some(0),
        text => text.parse().ok(),
    };
    rows.first().map(|row| row.iter().map(number).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use export::catalog::{From, TenantColumn};
    use export::column::{Column, ColumnType};

    use super::*;

    #[test]
    fn trial_select_equals_the_copy_select() {
        let dataset = Dataset {
            from: From::Query("select 1 as id".into()),
            columns: vec![Column::native("id", 23, ColumnType::Int4)],
            range: None,
            key: None,
            tenant_column: Some(TenantColumn { name: "account".into(), of: None }),
            shared: false,
            filters: vec![],
            settle_after_secs: None,
            order: vec!["id".into()],
            epoch: 1,
            search_path: vec![],
        };
        let tenant = any_tenant().unwrap();
        let select = limited(&selection(&dataset, Format::Csv), &Range::All, &tenant, 200);
        assert!(select.starts_with("select q.\"id\"\nfrom ("), "{select}");
        assert!(select.ends_with("order by q.\"id\"\nlimit 200"), "{select}");
    }
}
