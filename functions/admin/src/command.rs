//! Commands, as they are written in events.

use serde::Deserialize;
use serde_json::Value;

/// Command of one event. Variants without values have braces so that an unexpected value is rejected, not ignored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", deny_unknown_fields)]
pub(crate) enum Command {
    #[serde(rename = "migrate")]
    Migrate {
        #[serde(default)]
        print: bool,
        #[serde(default, rename = "sourceOnly")]
        source_only: bool,
    },
    #[serde(rename = "check")]
    Check {},
    #[serde(rename = "catalog check")]
    CatalogCheck { catalog: String },
    #[serde(rename = "catalog apply")]
    CatalogApply {
        catalog: String,
        #[serde(default, rename = "allowRemoval")]
        allow_removal: bool,
        #[serde(default)]
        destinations: Option<String>,
    },
    #[serde(rename = "destinations apply")]
    DestinationsApply { destinations: String },
    #[serde(rename = "destinations list")]
    DestinationsList {},
    #[serde(rename = "destinations policy")]
    DestinationsPolicy { name: String },
    #[serde(rename = "destinations test")]
    DestinationsTest { name: String },
    #[serde(rename = "catalog show")]
    CatalogShow {
        #[serde(default)]
        revision: Option<String>,
    },
    #[serde(rename = "catalog suggest")]
    CatalogSuggest {
        #[serde(default)]
        schemas: Vec<String>,
        #[serde(default, rename = "tenantColumn")]
        tenant_column: Option<String>,
        #[serde(default)]
        shared: bool,
        #[serde(default, rename = "timeZone")]
        time_zone: Option<String>,
    },
    #[serde(rename = "invalidate")]
    Invalidate {
        dataset: String,
        #[serde(default)]
        from: Option<String>,
        #[serde(default)]
        to: Option<String>,
        #[serde(default)]
        tenant: Option<String>,
    },
    #[serde(rename = "keys create")]
    KeysCreate {
        tenant: String,
        label: String,
        #[serde(default)]
        datasets: Option<Vec<String>>,
        #[serde(default, rename = "readOnly")]
        read_only: bool,
        #[serde(default)]
        expires: Option<String>,
    },
    #[serde(rename = "keys list")]
    KeysList {},
    #[serde(rename = "keys rotate")]
    KeysRotate {
        id: String,
        #[serde(default)]
        overlap: Option<String>,
        #[serde(default)]
        expires: Option<String>,
    },
    #[serde(rename = "keys revoke")]
    KeysRevoke { id: String },
    #[serde(rename = "webhooks add")]
    WebhooksAdd {
        tenant: String,
        name: String,
        url: String,
        #[serde(default)]
        events: Vec<String>,
    },
    #[serde(rename = "webhooks list")]
    WebhooksList {},
    #[serde(rename = "webhooks test")]
    WebhooksTest { tenant: String, name: String },
    #[serde(rename = "webhooks rotate")]
    WebhooksRotate {
        tenant: String,
        name: String,
        #[serde(default)]
        overlap: Option<String>,
    },
    #[serde(rename = "webhooks events")]
    WebhooksEvents { tenant: String, name: String },
    #[serde(rename = "webhooks resend")]
    WebhooksResend {
        tenant: String,
        name: String,
        #[serde(default)]
        event: Option<String>,
    },
    #[serde(rename = "webhooks enable")]
    WebhooksEnable { tenant: String, name: String },
    #[serde(rename = "webhooks disable")]
    WebhooksDisable { tenant: String, name: String },
    #[serde(rename = "webhooks remove")]
    WebhooksRemove { tenant: String, name: String },
    #[serde(rename = "usage")]
    Usage {
        #[serde(default)]
        from: Option<String>,
        #[serde(default)]
        to: Option<String>,
        #[serde(default)]
        tenant: Option<String>,
    },
    #[serde(rename = "tenants forget")]
    TenantsForget { tenant: String },
    #[serde(rename = "checks on")]
    ChecksOn {},
    #[serde(rename = "checks off")]
    ChecksOff {},
    #[serde(rename = "pause")]
    Pause {},
    #[serde(rename = "resume")]
    Resume {},
}

/// All commands with their values.
const COMMANDS: &str = "the commands are
  {\"command\": \"migrate\"}, with \"print\": true to see the SQL and run nothing, and \"sourceOnly\": true to see that of the source role alone
  {\"command\": \"check\"}
  {\"command\": \"catalog check\", \"catalog\": \"the TOML\"}
  {\"command\": \"catalog apply\", \"catalog\": \"the TOML\"}, with \"allowRemoval\": true to apply even if live exports fail because of it, and \"destinations\": \"the TOML\"
  {\"command\": \"catalog show\"}, with \"revision\": \"its id\" to see an earlier one
  {\"command\": \"catalog suggest\"}, with \"schemas\": [\"shop\"] to restrict it, \"tenantColumn\": \"account_id\" or \"shared\": true, and \"timeZone\": \"Europe/Amsterdam\"
  {\"command\": \"destinations apply\", \"destinations\": \"the TOML\"}
  {\"command\": \"destinations list\"}
  {\"command\": \"destinations policy\", \"name\": \"acme-lake\"}
  {\"command\": \"destinations test\", \"name\": \"acme-lake\"}
  {\"command\": \"invalidate\", \"dataset\": \"orders\"}, with \"from\" and \"to\": days, or \"tenant\", to restrict it
  {\"command\": \"keys create\", \"tenant\": \"acme\", \"label\": \"purpose\"}, with \"datasets\": [\"orders\"] or \"readOnly\": true to restrict it, and \"expires\": \"90d\" or \"never\"
  {\"command\": \"keys list\"}
  {\"command\": \"keys rotate\", \"id\": \"the key's id\"}, with \"overlap\": \"7d\" and \"expires\": \"90d\"
  {\"command\": \"keys revoke\", \"id\": \"the key's id\"}
  {\"command\": \"webhooks add\", \"tenant\": \"acme\", \"name\": \"hook\", \"url\": \"https://example.com/hook\"}, with \"events\": [\"succeeded\"] to restrict it
  {\"command\": \"webhooks list\"}
  {\"command\": \"webhooks test\", \"tenant\": \"acme\", \"name\": \"hook\"}
  {\"command\": \"webhooks rotate\", \"tenant\": \"acme\", \"name\": \"hook\"}, with \"overlap\": \"1d\"
  {\"command\": \"webhooks events\", \"tenant\": \"acme\", \"name\": \"hook\"}
  {\"command\": \"webhooks resend\", \"tenant\": \"acme\", \"name\": \"hook\"}, with \"event\": \"its id\" for one event
  {\"command\": \"webhooks enable\", \"tenant\": \"acme\", \"name\": \"hook\"}
  {\"command\": \"webhooks disable\", \"tenant\": \"acme\", \"name\": \"hook\"}
  {\"command\": \"webhooks remove\", \"tenant\": \"acme\", \"name\": \"hook\"}
  {\"command\": \"usage\"}, with \"from\" and \"to\": days, or \"tenant\", to restrict it
  {\"command\": \"tenants forget\", \"tenant\": \"acme\"}
  {\"command\": \"checks on\"}
  {\"command\": \"checks off\"}
  {\"command\": \"pause\"}
  {\"command\": \"resume\"}";

impl Command {
    /// Parses an event. The error is written for the operator.
    pub(crate) fn read(event: Value) -> Result<Self, String> {
        serde_json::from_value(event)
            .map_err(|error| format!("unknown or invalid command: {error}\n{COMMANDS}"))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Migrate { .. } => "migrate",
            Self::Check {} => "check",
            Self::CatalogCheck { .. } => "catalog check",
            Self::CatalogApply { .. } => "catalog apply",
            Self::CatalogShow { .. } => "catalog show",
            Self::CatalogSuggest { .. } => "catalog suggest",
            Self::DestinationsApply { .. } => "destinations apply",
            Self::DestinationsList {} => "destinations list",
            Self::DestinationsPolicy { .. } => "destinations policy",
            Self::DestinationsTest { .. } => "destinations test",
            Self::Invalidate { .. } => "invalidate",
            Self::KeysCreate { .. } => "keys create",
            Self::KeysList {} => "keys list",
            Self::KeysRotate { .. } => "keys rotate",
            Self::KeysRevoke { .. } => "keys revoke",
            Self::WebhooksAdd { .. } => "webhooks add",
            Self::WebhooksTest { .. } => "webhooks test",
            Self::WebhooksRotate { .. } => "webhooks rotate",
            Self::WebhooksEvents { .. } => "webhooks events",
            Self::WebhooksResend { .. } => "webhooks resend",
            Self::WebhooksEnable { .. } => "webhooks enable",
            Self::WebhooksDisable { .. } => "webhooks disable",
            Self::WebhooksRemove { .. } => "webhooks remove",
            Self::WebhooksList {} => "webhooks list",
            Self::Usage { .. } => "usage",
            Self::TenantsForget { .. } => "tenants forget",
            Self::ChecksOn {} => "checks on",
            Self::ChecksOff {} => "checks off",
            Self::Pause {} => "pause",
            Self::Resume {} => "resume",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_become_commands() {
        assert_eq!(
            Command::read(json!({"command": "migrate"})),
            Ok(Command::Migrate { print: false, source_only: false })
        );
        assert_eq!(
            Command::read(json!({"command": "keys revoke", "id": "7"})),
            Ok(Command::KeysRevoke { id: "7".into() })
        );
        let forget = json!({"command": "invalidate", "dataset": "orders", "from": "2024-01-01"});
        assert!(matches!(Command::read(forget), Ok(Command::Invalidate { to: None, .. })));
        let suggest =
            json!({"command": "catalog suggest", "schemas": ["a"], "tenantColumn": "b", "timeZone": "UTC"});
        assert!(matches!(Command::read(suggest), Ok(Command::CatalogSuggest { shared: false, .. })));
        for words in COMMANDS.lines().skip(1) {
            let event = &words[words.find('{').unwrap()..=words.rfind('}').unwrap()];
            assert!(Command::read(serde_json::from_str(event).unwrap()).is_ok(), "{words}");
        }
    }

    #[test]
    fn invalid_command_is_answered_with_the_command_list() {
        let bad = [
            json!({"command": "keys"}),
            json!({}),
            json!([]),
            json!({"command": "catalog check"}),
            json!({"command": "pause", "hours": 2}),
            json!({"command": "migrate", "prnit": true}),
        ];
        for event in bad {
            let text = Command::read(event.clone()).unwrap_err();
            assert!(text.contains("keys create") && text.contains("catalog apply"), "{event}: {text}");
        }
    }
}
