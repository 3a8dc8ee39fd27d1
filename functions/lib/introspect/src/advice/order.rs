//! Cost of `ordered` for the database.

use export::catalog::Dataset;

use super::super::estimate::Estimated;
use super::super::explain_sql::{Ask, column};
use super::super::findings::Findings;
use super::super::months::Month;
use super::super::surface::Surface;
use super::statement;
use source::{Inspector, SourceError};

/// Cost factor below which sorting is not reported.
const DEARER: f64 = 1.2;

/// Plans with a lower cost than this, in the planner's units, take milliseconds either way.
const CHEAP: f64 = 5000.0;

/// Compares a typical month with and without its order.
pub(super) async fn find(
    inspector: &mut Inspector,
    dataset: &Dataset,
    surface: &Surface,
    estimated: &Estimated,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    if dataset.order.is_empty() {
        return Ok(());
    }
    let ask = Ask::new(dataset);
    let month = dataset.range.as_ref().zip(estimated.day).map(|(range, day)| {
        let month = Month::of(range.kind, day.start).span(range.kind);
        ask.within(range, month)
    });
    let select = ask.select(&month.unwrap_or_default());
    let plain = inspector.explain(&select).await?;
    let order: Vec<_> = dataset.order.iter().map(|name| column(name)).collect();
    let ordered = inspector.explain(&format!("{select} order by {}", order.join(", "))).await?;
    let times = ordered.cost / plain.cost.max(1.0);
    if times < DEARER || ordered.cost < CHEAP {
        return Ok(());
    }
    let lines: Vec<_> = ordered.sort().map(|sort| sort.line()).into_iter().collect();
    let message = format!(
        "ordered makes reading cost about {times:.1} times as much{}",
        statement::shown(if lines.is_empty() { std::slice::from_ref(&select) } else { &lines })
    );
    let mut remedy = "leave ordered out if no reader needs the order".to_owned();
    if let Some(table) = surface.relation.as_ref().filter(|_| statement::is_table(surface)) {
        let names: Vec<&str> = dataset.order.iter().map(String::as_str).collect();
        let columns = statement::quoted(inspector, &names).await?.join(", ");
        // An index alone does not help if rows are stored in another order: each would be fetched separately.
        remedy.push_str(&format!(
            "; an index on ({columns}) makes it cheap only if the rows of {} are stored in that order, as after cluster",
            table.quoted
        ));
    }
    findings.warning("ordered", message, remedy);
    Ok(())
}
