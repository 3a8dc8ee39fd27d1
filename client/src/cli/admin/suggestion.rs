//! Options of `catalog suggest`, and the question that it asks on a terminal.

use std::io::IsTerminal;

use serde_json::{Value, json};

/// Command that these options belong to.
const COMMAND: &str = "catalog suggest";

/// Choices of the operator for a suggested catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub(super) struct SuggestionArgs {
    /// For `catalog suggest`: read only these schemas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    schema: Vec<String>,
    /// For `catalog suggest`: column that holds the tenant, in the tables and views that have it
    #[arg(long, value_name = "COLUMN")]
    tenant_column: Option<String>,
    /// For `catalog suggest`: every tenant may see every row; with --tenant-column, of the other tables and views
    #[arg(long)]
    shared: bool,
    /// For `catalog suggest`: zone in which dates and timestamps without a zone are written, such as Europe/Amsterdam
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
}

impl SuggestionArgs {
    /// Adds the options to the event of `catalog suggest`. Other commands have none of them.
    pub(super) fn add_to(&self, event: &mut Value) -> Result<(), String> {
        if event["command"] != COMMAND {
            let given = [
                ("--schema", !self.schema.is_empty()),
                ("--tenant-column", self.tenant_column.is_some()),
                ("--shared", self.shared),
                ("--time-zone", self.time_zone.is_some()),
            ];
            return match given.into_iter().find(|(_, given)| *given) {
                Some((option, _)) => Err(format!("{option} is only valid with {COMMAND}")),
                None => Ok(()),
            };
        }
        if !self.schema.is_empty() {
            event["schemas"] = json!(self.schema);
        }
        if self.shared {
            event["shared"] = json!(true);
        }
        for (key, value) in [("tenantColumn", &self.tenant_column), ("timeZone", &self.time_zone)] {
            if let Some(value) = value {
                event[key] = json!(value);
            }
        }
        Ok(())
    }

    /// Asks once who may see the rows, if the command is `catalog suggest`, no option decides it, and stdin and stderr
    /// are terminals. The question is on stderr, because stdout is the catalog.
    pub(super) fn decided(&self, event: &Value) -> Self {
        let is_open = event["command"] == COMMAND && self.tenant_column.is_none() && !self.shared;
        if !is_open || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return self.clone();
        }
        eprint!(
            "Who may see the rows? Enter the column that holds the tenant (such as account_id), \"all\" if every \
             tenant may see every row, or nothing to decide later: "
        );
        let mut line = String::new();
        let _ = std::io::stdin().read_line(&mut line);
        self.with(line.trim())
    }

    /// Returns the options with the decision.
    fn with(&self, decision: &str) -> Self {
        match decision {
            "" => self.clone(),
            all if all.eq_ignore_ascii_case("all") => Self { shared: true, ..self.clone() },
            column => Self { tenant_column: Some(column.to_owned()), ..self.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_the_event_of_their_command() {
        let all = SuggestionArgs {
            schema: vec!["shop".into(), "crm".into()],
            tenant_column: Some("account".into()),
            shared: true,
            time_zone: Some("Europe/Amsterdam".into()),
        };
        let mut event = json!({"command": COMMAND});
        all.add_to(&mut event).unwrap();
        assert_eq!(
            event,
            json!({"command": COMMAND, "schemas": ["shop", "crm"], "tenantColumn": "account", "shared": true, "timeZone": "Europe/Amsterdam"})
        );
        let refused = all.add_to(&mut json!({"command": "catalog check"})).unwrap_err();
        assert_eq!(refused, "--schema is only valid with catalog suggest");
        assert!(SuggestionArgs::default().add_to(&mut json!({"command": "pause"})).is_ok());
    }

    #[test]
    fn decision_is_a_column_or_all_or_none() {
        let none = SuggestionArgs::default();
        assert_eq!(none.with(""), none);
        assert!(none.with("All").shared);
        assert_eq!(none.with("account_id").tenant_column.as_deref(), Some("account_id"));
    }
}
