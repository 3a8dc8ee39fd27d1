//! Webhooks: HTTPS endpoints of a tenant to which events are sent, by Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

mod address;
mod url;

use crate::event::EventType;
use crate::near;
use crate::problem::Violation;

pub use address::is_public;
pub use url::check_url;

/// Prefix of a secret; base64 of its bytes follows.
pub const SECRET_PREFIX: &str = "whsec_";

/// Bytes of a new secret.
pub const SECRET_BYTES: usize = 32;

/// Scheme of a signature: HMAC-SHA256.
pub const SIGNATURE_VERSION: &str = "v1";

/// Hours for which the secret of before also signs after a rotation, if the operator names no others.
pub const OVERLAP_HOURS: u32 = 24;

/// Age in seconds from which a message is not sent any more, because receivers reject its timestamp: they allow five minutes.
pub const MAX_AGE_SECS: i64 = 240;

/// Returns the text that is signed.
pub fn signed_text(id: &str, timestamp: i64, body: &str) -> String {
    format!("{id}.{timestamp}.{body}")
}

/// Returns true if a webhook may have this name.
pub fn is_name(name: &str) -> bool {
    crate::destination::is_name(name)
}

/// Reads the types of events that a webhook takes, with or without `sluice.`; none stands for all.
///
/// # Errors
/// A violation for each type that does not exist.
pub fn read_types(texts: &[String]) -> Result<Vec<EventType>, Vec<Violation>> {
    let mut types = Vec::new();
    let mut violations = Vec::new();
    for text in texts {
        let found = [text.clone(), format!("sluice.{text}"), format!("sluice.export.{text}")];
        match found.iter().find_map(|one| EventType::of(one)) {
            // A test is sent to every receiver.
            Some(one) if one != EventType::Test => types.push(one),
            _ => {
                let known = EventType::ALL
                    .map(EventType::as_str)
                    .into_iter()
                    .filter(|one| *one != EventType::Test.as_str());
                let known: Vec<_> = known.collect();
                let remedy =
                    near::remedy(text, known.iter().copied(), &format!("use one of {}", known.join(", ")));
                violations.push(Violation::new("events", format!("{text:?} is not a type of event"), remedy));
            }
        }
    }
    if violations.is_empty() { Ok(types) } else { Err(violations) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_short_forms() {
        let read =
            |texts: &[&str]| read_types(&texts.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        let both = [EventType::Succeeded, EventType::Failed];
        assert_eq!(read(&["succeeded", "export.failed"]).unwrap(), both);
        assert_eq!(read(&[]).unwrap(), []);
        let wrong = read(&["sluice.export.suceeded"]).unwrap_err();
        assert!(wrong[0].remedy.contains("sluice.export.succeeded"), "{wrong:?}");
    }
}
