//! Filters of which every use reads a large relation as a whole, although few rows match.

use export::catalog::Dataset;

use super::super::estimate::Estimated;
use super::super::explain_sql::Ask;
use super::super::findings::Findings;
use super::super::index::places;
use super::super::surface::Surface;
use super::statement;
use source::explain::Way;
use source::{Inspector, SourceError};

/// A value that more than this share of rows have is not worth an index, and PostgreSQL would not use one.
const SELECTIVE: f64 = 0.05;

/// A relation smaller than this is read as a whole within some tenths of a second, so no filter needs an index there.
const MIN_BYTES: u64 = 64 << 20;

/// Explains a typical range with an equality on each declared filter.
pub(super) async fn find(
    inspector: &mut Inspector,
    dataset: &Dataset,
    surface: &Surface,
    estimated: &Estimated,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    if dataset.filters.is_empty() {
        return Ok(());
    }
    let ask = Ask::new(dataset);
    let mut conditions = Vec::new();
    if let Some((range, day)) = dataset.range.as_ref().zip(estimated.day) {
        conditions.push(ask.within(range, day));
    }
    if let Some(tenant) = &dataset.tenant_column {
        conditions.push(ask.equals_something(inspector, &tenant.name).await?);
    }
    let all = inspector.explain(&ask.select(&conditions.join(" and "))).await?;
    for filter in &dataset.filters {
        let mut with = conditions.clone();
        with.push(ask.filter_equals_something(inspector, filter).await?);
        let plan = inspector.explain(&ask.select(&with.join(" and "))).await?;
        let whole: Vec<_> = plan.scans(None).into_iter().filter(|scan| scan.way == Way::Whole).collect();
        let places = places(inspector, &whole).await?;
        let Some((name, place)) = places.iter().max_by_key(|(_, place)| place.bytes) else { continue };
        let bytes: u64 = places.values().filter(|p| p.root == place.root).map(|p| p.bytes).sum();
        if bytes < MIN_BYTES || plan.rows > all.rows * SELECTIVE {
            continue;
        }
        let table = statement::quoted(inspector, &[&place.root.0, &place.root.1]).await?.join(".");
        let message = format!(
            "selecting a value of {:?} requires reading {} of {table}{}",
            filter.name,
            statement::size(bytes),
            statement::shown(&plan.lines_of(&[name]))
        );
        let remedy = if statement::is_table(surface) {
            let tenant = dataset.tenant_column.iter().map(|by| by.name.as_str());
            let names: Vec<&str> = tenant.chain([filter.name.as_str()]).collect();
            statement::create_index(inspector, surface, &table, &names).await?
        } else {
            format!(
                "create an index (concurrently) on the column of {table} that {:?} comes from",
                filter.name
            )
        };
        findings.warning("filters", message, remedy);
    }
    Ok(())
}
