//! Failures of destinations.

use export::delivery::DeliveryCode;

/// A failed call, with its reason for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DestinationError {
    /// Reason, for machines.
    pub code: DeliveryCode,
    /// Reason, for people; it names the missing right, if one is missing.
    pub message: String,
}

impl DestinationError {
    /// Makes an error.
    pub fn new(code: DeliveryCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Classifies a failure of S3. `call` describes the call, and `right` is the right that it takes.
pub(super) fn classify(
    status: Option<u16>,
    code: Option<&str>,
    message: &str,
    call: &str,
    right: &str,
) -> DestinationError {
    let kind = match (status, code) {
        (_, Some("NoSuchBucket")) => DeliveryCode::BucketMissing,
        (_, Some("NoSuchKey" | "NotFound")) => DeliveryCode::FileMissing,
        (_, Some("ExpiredToken" | "RequestTimeTooSkewed")) => DeliveryCode::Unavailable,
        (Some(404), _) => DeliveryCode::FileMissing,
        (Some(401 | 403), _) => DeliveryCode::AccessDenied,
        (None | Some(408 | 429 | 500..), _) => DeliveryCode::Unavailable,
        _ => DeliveryCode::Rejected,
    };
    let text = match kind {
        DeliveryCode::AccessDenied => {
            let right = denied(message).unwrap_or(right);
            format!("cannot {call}: the right {right} is missing")
        }
        _ => format!("cannot {call}: {}", short(code, message)),
    };
    DestinationError::new(kind, text)
}

/// Returns the action in a message of S3 such as `User: … is not authorized to perform: s3:PutObject on resource: …`.
fn denied(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    rest.split_whitespace().next().filter(|action| action.contains(':'))
}

/// Returns code and message of the service, cut to one line. They hold names of principals and objects, but no data.
fn short(code: Option<&str>, message: &str) -> String {
    const MAX_CHARS: usize = 300;
    let line: String = message.lines().next().unwrap_or_default().chars().take(MAX_CHARS).collect();
    match code {
        Some(code) if !line.is_empty() => format!("{code}: {line}"),
        Some(code) => code.to_owned(),
        None if line.is_empty() => "no response".to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rights_are_named() {
        let text = "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: kms:GenerateDataKey on resource: k";
        let found = classify(Some(403), Some("AccessDenied"), text, "copy a file", "s3:PutObject");
        assert_eq!(
            (found.code, &*found.message),
            (DeliveryCode::AccessDenied, "cannot copy a file: the right kms:GenerateDataKey is missing")
        );
        let found = classify(Some(403), None, "", "copy a file", "s3:PutObject");
        assert_eq!(found.message, "cannot copy a file: the right s3:PutObject is missing");
    }

    #[test]
    fn failures_are_classified() {
        let code = |status, code| classify(status, code, "x\ny", "call", "right").code;
        assert_eq!(code(Some(404), Some("NoSuchBucket")), DeliveryCode::BucketMissing);
        assert_eq!(code(Some(404), Some("NoSuchKey")), DeliveryCode::FileMissing);
        assert_eq!(code(Some(503), Some("SlowDown")), DeliveryCode::Unavailable);
        assert_eq!(code(None, None), DeliveryCode::Unavailable);
        assert_eq!(code(Some(400), Some("InvalidRequest")), DeliveryCode::Rejected);
        assert_eq!(classify(None, None, "", "call", "right").message, "cannot call: no response");
    }
}
