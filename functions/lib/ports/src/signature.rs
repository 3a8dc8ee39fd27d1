//! Signatures of webhooks and their secrets, by Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use export::webhook::{SECRET_BYTES, SECRET_PREFIX, SIGNATURE_VERSION, signed_text};

use crate::random;

/// Makes a new secret.
pub fn new_secret() -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(random::bytes::<SECRET_BYTES>()))
}

/// Returns one signature of a message, as it stands in the header `webhook-signature`.
pub fn of_webhook(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    let encoded = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    // A secret is made by `new_secret`, so it can be decoded.
    let bytes = STANDARD.decode(encoded).unwrap_or_else(|_| encoded.as_bytes().to_vec());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let tag = hmac::sign(&key, signed_text(id, timestamp, body).as_bytes());
    format!("{SIGNATURE_VERSION},{}", STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_equals_that_of_the_reference_library() {
        // The example in the tests of the libraries of Standard Webhooks.
        let signature = of_webhook(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_differ() {
        let [one, other] = [new_secret(), new_secret()];
        assert!(one != other && one.starts_with("whsec_") && one.len() == 6 + 44, "{one}");
    }
}
