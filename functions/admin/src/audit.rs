//! Audit log of operator commands. The identity of the operator is in CloudTrail, under the id of the request.

use ports::audit::Event;
use serde_json::Value;

use crate::command::Command;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Audited action of a command; `None` for commands that only read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AuditedAction {
    event: &'static str,
    tenant: Option<String>,
    key: Option<String>,
    dataset: Option<String>,
    detail: Option<String>,
}

impl AuditedAction {
    pub(crate) fn of(command: &Command) -> Option<Self> {
        let action = |event| Self { event, tenant: None, key: None, dataset: None, detail: None };
        let webhook = |event, tenant: &String, name: &String| Self {
            tenant: Some(tenant.clone()),
            detail: Some(name.clone()),
            ..action(event)
        };
        Some(match command {
            Command::Migrate { print: false, source_only: false } => action("store migrated"),
            Command::CatalogApply { .. } => action("catalog applied"),
            Command::DestinationsApply { .. } => action("destinations applied"),
            Command::DestinationsTest { name } => {
                Self { detail: Some(name.clone()), ..action("destination probed") }
            }
            Command::Invalidate { dataset, from, to, tenant } => {
                let day = |day: &Option<String>| day.clone().unwrap_or_else(|| "…".to_owned());
                let detail = Some(format!("from {} to {}", day(from), day(to)));
                Self {
                    tenant: tenant.clone(),
                    dataset: Some(dataset.clone()),
                    detail,
                    ..action("invalidated")
                }
            }
            Command::KeysCreate { tenant, read_only, expires, datasets, .. } => {
                let datasets = datasets.as_ref().map_or("all datasets".to_owned(), |names| names.join(" "));
                let rights = if *read_only { "read-only" } else { "read and write" };
                let expires = expires.as_deref().unwrap_or(crate::keys::DEFAULT_LIFE);
                let detail = Some(format!("{datasets}, {rights}, {expires}"));
                Self { tenant: Some(tenant.clone()), detail, ..action("key created") }
            }
            // A whole key may be given: its secret is not passed on.
            Command::KeysRevoke { id } => {
                Self { key: Some(crate::keys::id_of(id).to_owned()), ..action("key revoked") }
            }
            Command::KeysRotate { id, .. } => {
                let old = crate::keys::id_of(id);
                Self { detail: Some(format!("instead of key {old}")), ..action("key rotated") }
            }
            Command::WebhooksAdd { tenant, name, .. } => webhook("webhook added", tenant, name),
            Command::WebhooksRotate { tenant, name, .. } => {
                webhook("secret of a webhook rotated", tenant, name)
            }
            Command::WebhooksTest { tenant, name } => webhook("webhook tested", tenant, name),
            Command::WebhooksResend { tenant, name, .. } => webhook("events sent again", tenant, name),
            Command::WebhooksEnable { tenant, name } => webhook("webhook enabled", tenant, name),
            Command::WebhooksDisable { tenant, name } => webhook("webhook disabled", tenant, name),
            Command::WebhooksRemove { tenant, name } => webhook("webhook removed", tenant, name),
            Command::TenantsForget { tenant } => {
                Self { tenant: Some(tenant.clone()), ..action("tenant forgotten") }
            }
            Command::ChecksOn {} => action("checks turned on"),
            Command::ChecksOff {} => action("checks turned off"),
            Command::Pause {} => action("paused"),
            Command::Resume {} => action("resumed"),
            Command::Migrate { .. }
            | Command::Check {}
            | Command::CatalogCheck { .. }
            | Command::CatalogShow { .. }
            | Command::CatalogSuggest { .. }
            | Command::DestinationsList {}
            | Command::DestinationsPolicy { .. }
            | Command::KeysList {}
            | Command::WebhooksList {}
            | Command::WebhooksEvents { .. }
            | Command::Usage { .. } => return None,
        })
    }
}

/// Records the outcome of an action.
pub(crate) fn record(
    action: Option<&AuditedAction>,
    ended: Result<&CommandOutput, &Failure>,
    request: Option<&str>,
) {
    let Some(action) = action else { return };
    let outcome = match ended {
        Ok(answer) if answer.ok => "done",
        Ok(_) | Err(Failure::Refused(_)) => "refused",
        Err(_) => "failed",
    };
    let text = |name: &str| ended.ok().and_then(|answer| answer.data.get(name)).and_then(Value::as_str);
    Event {
        event: action.event,
        outcome,
        by: "operator",
        tenant: action.tenant.as_deref(),
        key: action.key.as_deref().or_else(|| text("id")),
        dataset: action.dataset.as_deref(),
        revision: text("revision"),
        detail: action.detail.as_deref(),
        request,
        ..Event::default()
    }
    .record();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn action(event: Value) -> Option<AuditedAction> {
        AuditedAction::of(&Command::read(event).unwrap())
    }

    #[test]
    fn changing_commands_are_audit_events() {
        let event = |event| action(event).map(|action| action.event);
        assert_eq!(event(json!({"command": "catalog apply", "catalog": ""})), Some("catalog applied"));
        assert_eq!(event(json!({"command": "pause"})), Some("paused"));
        assert_eq!(event(json!({"command": "resume"})), Some("resumed"));
        assert_eq!(event(json!({"command": "checks off"})), Some("checks turned off"));
        assert_eq!(event(json!({"command": "migrate"})), Some("store migrated"));
        assert_eq!(event(json!({"command": "tenants forget", "tenant": "acme"})), Some("tenant forgotten"));
        assert_eq!(event(json!({"command": "keys rotate", "id": "00ff"})), Some("key rotated"));
        for looks in ["check", "keys list", "catalog show", "catalog suggest", "usage"] {
            assert_eq!(event(json!({"command": looks})), None);
        }
        assert_eq!(event(json!({"command": "migrate", "print": true})), None);
        let key = action(json!({"command": "keys create", "tenant": "acme", "label": "x", "expires": "90d"}));
        assert_eq!(key.unwrap().detail.as_deref(), Some("all datasets, read and write, 90d"));
        let lost =
            action(json!({"command": "invalidate", "dataset": "orders", "from": "2024-01-01"})).unwrap();
        assert_eq!(
            (lost.dataset.as_deref(), lost.detail.as_deref()),
            (Some("orders"), Some("from 2024-01-01 to …"))
        );
    }

    #[test]
    fn revoking_a_whole_key_audits_only_its_id() {
        let secret = "0123456789abcdef".repeat(4);
        let action =
            action(json!({"command": "keys revoke", "id": format!("slc_abcd1234_{secret}")})).unwrap();
        assert_eq!(action.key.as_deref(), Some("abcd1234"));
        assert!(!format!("{action:?}").contains(&secret));
    }
}
