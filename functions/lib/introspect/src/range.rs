//! The column on which ranges are cut.

use export::catalog::{Definition, From, Nulls, RangeColumn};
use export::range::RangeKind;

use super::findings::Findings;
use super::surface::Surface;
use source::sql::literal;
use source::{Inspector, SourceError};

/// Returns the range column, if the definition names a suitable one.
pub(super) async fn find(
    inspector: &mut Inspector,
    definition: &Definition,
    surface: &Surface,
    findings: &mut Findings,
) -> Result<Option<RangeColumn>, SourceError> {
    let Some(name) = &definition.range_column else { return Ok(None) };
    let Some(found) = surface.column(name, "range_column", findings) else { return Ok(None) };
    let Some(kind) = kind_of(found.of.base) else {
        let message = format!("the column {name:?} is of type {}", found.of.name);
        let remedy = "choose a column of type date, timestamp or timestamptz, or omit range_column";
        findings.violation("range_column", message, remedy);
        return Ok(None);
    };
    if definition.time_zone.is_some() && kind == RangeKind::Instant {
        let message = format!("the range column is of type {}, which needs no time_zone", found.of.name);
        let remedy = "remove it; it names the zone in which a date or timestamp column is written";
        findings.violation("time_zone", message, remedy);
    }
    if definition.time_zone.is_none() && kind != RangeKind::Instant && definition.settle_after.is_some() {
        let message = format!(
            "the range column is of type {}, and its time zone is not set: its days count as ended only when they have ended in every time zone, 12 hours after they end in UTC",
            found.of.name
        );
        let remedy = "add time_zone, such as time_zone = \"Europe/Amsterdam\": the zone of the sessions or programs that write it";
        findings.warning("time_zone", message, remedy);
    }
    if found.nullable && definition.nulls.is_none() {
        let share = null_share(inspector, &surface.from, name).await?;
        let share = share.map_or_else(String::new, |share| format!(" (it is in about {share} of the rows)"));
        let message = format!("the range column {name:?} can be NULL{share}, but nulls is not set");
        let mut remedy =
            "add nulls = \"exclude\" to leave them out or nulls = \"include\" to export them as one chunk"
                .to_owned();
        if let Some(relation) = surface.relation.as_ref().filter(|r| matches!(r.kind.as_str(), "r" | "p")) {
            remedy.push_str(&format!(", or make the column of {} not null", relation.quoted));
        }
        findings.violation("nulls", message, remedy);
    }
    Ok(Some(RangeColumn {
        name: name.clone(),
        kind,
        time_zone: definition.time_zone.clone().filter(|_| kind != RangeKind::Instant),
        include_nulls: found.nullable && definition.nulls == Some(Nulls::Include),
    }))
}

fn kind_of(base: u32) -> Option<RangeKind> {
    match base {
        1082 => Some(RangeKind::Date),
        1114 => Some(RangeKind::Wall),
        1184 => Some(RangeKind::Instant),
        _ => None,
    }
}

/// Returns the share of rows with NULL there, as of the last ANALYZE.
async fn null_share(
    inspector: &mut Inspector,
    from: &From,
    column: &str,
) -> Result<Option<String>, SourceError> {
    let From::Relation { schema, name } = from else { return Ok(None) };
    let question = format!(
        "select null_frac from pg_catalog.pg_stats where schemaname = {} and tablename = {} and attname = {} order by inherited desc limit 1",
        literal(schema),
        literal(name),
        literal(column)
    );
    let share = inspector.text(&question).await?.and_then(|text| text.parse::<f64>().ok());
    Ok(share.map(|share| format!("{:.1} %", share * 100.0)))
}
