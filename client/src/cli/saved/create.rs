//! `sluice saved create`: saves an export, or changes a saved one.

use export::duration;
use export::schedule::RelativeRange;
use export::wire::{SavedRequest, ScheduleRequest};
use serde_json::Value;

use super::super::outcome::{Failure, Outcome};
use super::super::request_source::RequestSource;
use super::text;
use crate::{Client, Reuse};

const USAGE: &str = "sluice saved create [OPTIONS] <NAME> <DATASET>...
       sluice saved create [OPTIONS] <NAME> --request <FILE>";

/// Save an export under a name, with relative dates and a schedule
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE)]
pub(super) struct Create {
    /// Name: lower-case letters, digits, hyphens and underscores
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    source: RequestSource,
    /// Dates relative to each run: 'last hour', yesterday, 'last week', 'last closed month' or 'since last success'
    #[arg(long, value_name = "RANGE", value_parser = range, help_heading = "Schedule")]
    range: Option<RelativeRange>,
    /// Frequency: hourly, daily, weekly, monthly or cron [default: only on demand]
    #[arg(long, value_name = "FREQUENCY", help_heading = "Schedule")]
    every: Option<String>,
    /// Time of day, such as 06:00; hourly: the minute, such as :05 [default: midnight, the full hour]
    #[arg(long, value_name = "TIME", requires = "every", help_heading = "Schedule")]
    at: Option<String>,
    /// Weekly: day of the week, such as monday; monthly: day of the month, 1 to 28 [default: monday, 1]
    #[arg(long, value_name = "DAY", requires = "every", help_heading = "Schedule")]
    on: Option<String>,
    /// Cron expression of five fields, with --every cron
    #[arg(long, value_name = "EXPRESSION", requires = "every", help_heading = "Schedule")]
    cron: Option<String>,
    /// Time zone of times, days and periods, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE", requires = "every", help_heading = "Schedule")]
    zone: Option<String>,
    /// Time after the end of a period before which no run begins, such as 60m, so that late rows are included
    #[arg(long, value_name = "DURATION", value_parser = minutes, requires = "every", help_heading = "Schedule")]
    grace: Option<u32>,
    /// Change the saved export of this name; its schedule begins again with the next period
    #[arg(long)]
    replace: bool,
}

fn range(text: &str) -> Result<RelativeRange, String> {
    text.parse().map_err(|()| format!("use {}", RelativeRange::ALL.map(|(_, name)| name).join(", ")))
}

fn minutes(text: &str) -> Result<u32, String> {
    let whole = duration::seconds(text).filter(|secs| secs.is_multiple_of(60));
    let minutes = whole.and_then(|secs| u32::try_from(secs / 60).ok());
    minutes.ok_or_else(|| "use whole minutes or hours, such as 60m or 2h".to_owned())
}

impl Create {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        if self.source.reuse() != Reuse::default() {
            return Err(Failure::Usage(
                "--reuse: runs reuse all rows that no longer change; leave it out".into(),
            ));
        }
        let request = SavedRequest {
            name: Some(self.name.clone()),
            request: self.source.read(client).await?,
            range: self.range,
            schedule: self.schedule(),
        };
        let saved = match self.replace {
            true => client.replace_saved(&self.name, &request).await?,
            false => client.save(&request).await?,
        };
        Ok(Outcome::new(text::show(&saved), saved))
    }

    fn schedule(&self) -> Option<ScheduleRequest> {
        let day = |on: &String| on.parse::<u64>().map_or_else(|_| Value::from(on.as_str()), Value::from);
        Some(ScheduleRequest {
            every: self.every.clone()?,
            at: self.at.clone(),
            on: self.on.as_ref().map(day),
            cron: self.cron.clone(),
            zone: self.zone.clone(),
            grace_minutes: self.grace,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grace_time_is_in_whole_minutes() {
        assert_eq!(["60m", "2h", "120s", "1d"].map(minutes), [Ok(60), Ok(120), Ok(2), Ok(1440)]);
        assert!(minutes("90s").is_err() && minutes("soon").is_err());
    }

    #[test]
    fn range_is_one_of_the_relative_ones() {
        assert_eq!(range("last closed month"), Ok(RelativeRange::LastClosedMonth));
        assert!(range("tomorrow").unwrap_err().contains("since last success"));
    }
}
