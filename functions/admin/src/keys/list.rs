//! `keys list`: lists every key without its secret, which is not stored.

use serde_json::json;
use store::KeyInfo;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{CommandOutput, time};

/// Lists the keys in order of creation.
pub(crate) async fn run(context: &Context) -> Result<CommandOutput, Failure> {
    let keys = context.store.keys().await?;
    let lines: Vec<_> = keys.iter().map(line).collect();
    let text = if lines.is_empty() {
        "there are no keys; create one with `sluice admin keys create`".to_owned()
    } else {
        lines.join("\n")
    };
    Ok(CommandOutput::done(text, json!({"keys": keys})))
}

fn line(key: &KeyInfo) -> String {
    let mut notes = vec![match &key.datasets {
        None => "all datasets".to_owned(),
        Some(names) => names.join(" "),
    }];
    if key.read_only {
        notes.push("read-only".to_owned());
    }
    notes.push(format!("created {}", time(key.created_micros)));
    match key.expires_micros {
        Some(at) if key.expired => notes.push(format!("expired {}", time(at))),
        Some(at) => notes.push(format!("expires {}", time(at))),
        None => {}
    }
    notes.push(key.last_used_micros.map_or("never used".to_owned(), |at| format!("used about {}", time(at))));
    if key.revoked {
        notes.push("revoked".to_owned());
    }
    format!("{}  {}  {} ({})", key.id, key.tenant, key.label, notes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_line_shows_all_its_properties() {
        let key = KeyInfo {
            id: "00ff".into(),
            tenant: "acme".into(),
            label: "night job".into(),
            datasets: Some(vec!["clients".into(), "orders".into()]),
            read_only: true,
            created_micros: 0,
            expires_micros: Some(86_400_000_000),
            expired: true,
            last_used_micros: None,
            revoked: true,
        };
        assert_eq!(
            line(&key),
            "00ff  acme  night job (clients orders, read-only, created 1970-01-01 00:00:00 UTC, \
             expired 1970-01-02 00:00:00 UTC, never used, revoked)"
        );
        let key = KeyInfo {
            datasets: None,
            read_only: false,
            expires_micros: None,
            last_used_micros: Some(1_500_000),
            revoked: false,
            ..key
        };
        assert!(line(&key).ends_with(
            "(all datasets, created 1970-01-01 00:00:00 UTC, used about 1970-01-01 00:00:01 UTC)"
        ));
    }
}
