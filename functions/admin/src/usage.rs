//! `usage`: use by each tenant per day, for bills and limits.

use std::fmt::Write as _;

use export::id::TenantId;
use export::range::Days;
use serde_json::json;
use store::DailyUse;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Columns of the table. Its values are separated by tabs, so that a spreadsheet reads it.
const HEAD: &str = "day\ttenant\texports\tchunks\trows\tsource_bytes\tfile_bytes\tdatabase_seconds";

/// Lists the use from day `from` (by default 30 days ago) to day `to` (by default today) of one tenant or of all.
pub(crate) async fn run(
    context: &Context,
    from: Option<&str>,
    to: Option<&str>,
    tenant: Option<&str>,
) -> Result<CommandOutput, Failure> {
    Days::read(from, to).map_err(Failure::Refused)?;
    let tenant = tenant.map(str::parse::<TenantId>).transpose()?;
    let days = context.store.daily_use(from, to, tenant.as_ref()).await?;
    let text = if days.is_empty() { "nothing was exported on these days".to_owned() } else { table(&days) };
    Ok(CommandOutput::done(text, json!({"days": days})))
}

fn table(days: &[DailyUse]) -> String {
    let mut table = HEAD.to_owned();
    for one in days {
        let seconds = one.database_ms as f64 / 1e3;
        let _ = write!(
            table,
            "\n{}\t{}\t{}\t{}\t{}\t{}\t{}\t{seconds:.3}",
            one.day, one.tenant, one.exports, one.chunks, one.rows, one.source_bytes, one.file_bytes
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_a_table_separated_by_tabs() {
        let one = DailyUse {
            day: "2024-01-31".into(),
            tenant: "acme".into(),
            exports: 1,
            chunks: 2,
            rows: 3,
            source_bytes: 4,
            file_bytes: 5,
            database_ms: 6789,
        };
        let lines = table(&[one]);
        let mut lines = lines.lines();
        assert_eq!(lines.next().map(|head| head.split('\t').count()), Some(8));
        assert_eq!(lines.next(), Some("2024-01-31\tacme\t1\t2\t3\t4\t5\t6.789"));
    }
}
