//! Words of the commands for webhooks.

use serde_json::{Value, json};

/// Returns the event for the words after `webhooks`.
pub(super) fn event(words: &[&str]) -> Result<Value, String> {
    let command = format!("webhooks {}", words.first().copied().unwrap_or_default());
    match words {
        ["list"] => Ok(json!({"command": command})),
        ["add", tenant, name, url] => {
            Ok(json!({"command": command, "tenant": tenant, "name": name, "url": url}))
        }
        ["add", ..] => Err("use webhooks add TENANT NAME URL [--events NAMES]".into()),
        ["resend", tenant, name, event] => {
            Ok(json!({"command": command, "tenant": tenant, "name": name, "event": event}))
        }
        ["test" | "rotate" | "events" | "resend" | "enable" | "disable" | "remove", tenant, name] => {
            Ok(json!({"command": command, "tenant": tenant, "name": name}))
        }
        ["resend", ..] => Err("use webhooks resend TENANT NAME [EVENT]".into()),
        [word @ ("test" | "rotate" | "events" | "enable" | "disable" | "remove"), ..] => {
            Err(format!("use webhooks {word} TENANT NAME; `sluice admin webhooks list` shows both"))
        }
        _ => Err("use webhooks add, list, test, rotate, events, resend, enable, disable or remove".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_events() {
        assert_eq!(event(&["list"]), Ok(json!({"command": "webhooks list"})));
        assert_eq!(
            event(&["add", "acme", "hook", "https://example.com/"]),
            Ok(
                json!({"command": "webhooks add", "tenant": "acme", "name": "hook", "url": "https://example.com/"})
            )
        );
        assert_eq!(
            event(&["rotate", "acme", "hook"]),
            Ok(json!({"command": "webhooks rotate", "tenant": "acme", "name": "hook"}))
        );
        for bad in [&["add", "acme"][..], &["test", "acme"], &["resend"], &["send"], &[]] {
            assert!(event(bad).unwrap_err().contains("webhooks"), "{bad:?}");
        }
    }
}
