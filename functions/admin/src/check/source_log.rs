//! The server's log: statements of the source role contain the values of filters.

use ports::postgres::quote::identifier;
use source::{Inspector, SourceError};

use super::report::CheckReport;

/// Warns if the server logs statements of the source role.
pub(super) async fn look(
    inspector: &mut Inspector,
    role: &str,
    report: &mut CheckReport,
) -> Result<(), SourceError> {
    let mut found = Vec::new();
    for name in ["log_statement", "log_min_duration_statement", "log_min_error_statement"] {
        found.push(inspector.setting(name).await?.unwrap_or_default());
    }
    if let [all, slow, failed] = &found[..] {
        judge(role, [all, slow, failed], report);
    }
    Ok(())
}

fn judge(role: &str, [all, slow, failed]: [&str; 3], report: &mut CheckReport) {
    let role = identifier(role);
    let warn = |report: &mut CheckReport, setting: String, which: &str, value: &str| {
        let (name, _) = setting.split_once(' ').unwrap_or((&setting, ""));
        let remedy = format!(
            "as a superuser: alter role {role} set {name} = {value}, or in the parameter group of the server"
        );
        report.warn(
            "source",
            format!("{setting}: the server logs {which}, with the values of filters"),
            remedy,
        );
    };
    if all == "all" {
        warn(report, format!("log_statement is {all}"), "every statement", "'none'");
    }
    if slow != "-1" {
        warn(report, format!("log_min_duration_statement is {slow}"), "statements that take this long", "-1");
    }
    if !matches!(failed, "fatal" | "panic") {
        warn(report, format!("log_min_error_statement is {failed}"), "statements that fail", "'panic'");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statement_logging_gets_a_warning() {
        let warned = |all, slow, failed| {
            let mut report = CheckReport::default();
            judge("r", [all, slow, failed], &mut report);
            assert!(report.is_fine(), "a warning fails nothing");
            (report.warnings(), report.text())
        };
        assert_eq!(warned("none", "-1", "panic").0, 0);
        assert_eq!(warned("ddl", "-1", "fatal").0, 0);
        let (warnings, text) = warned("all", "250ms", "error");
        assert!(
            warnings == 3 && text.contains("alter role \"r\" set log_min_error_statement = 'panic'"),
            "{text}"
        );
    }
}
