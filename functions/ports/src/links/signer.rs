//! One signed URL for one object, by CloudFront's canned policy.
//!
//! The policy is not in the URL: CloudFront puts it together again from what it was asked for, so its text must be the
//! same to the byte. It is signed by its SHA-256, which the URL says; without that CloudFront would take SHA-1, which the
//! library does not sign any more.
//!
//! Source: "Create a signed URL using a canned policy" in the CloudFront developer guide.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::LinksError;
use super::key::Key;
use crate::percent::encode;

/// Signs links for one distribution.
pub struct Signer {
    /// Where they lead: scheme and host.
    base: String,
    key_pair_id: String,
    key: Key,
}

/// The secret's text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    domain: String,
    key_pair_id: String,
    private_key: String,
}

impl Signer {
    /// Reads the secret: JSON with `domain`, `keyPairId` and `privateKey` (PEM).
    ///
    /// Links are `https://`. Only a domain that is a port of this machine, `127.0.0.1:PORT` or `localhost:PORT`, has links
    /// with `http://`: there stands the local stack's CDN, and what is sent there leaves no wire to listen at.
    ///
    /// # Errors
    /// If it has another form, or the key is none of those that CloudFront takes.
    pub fn read(text: &str) -> Result<Self, LinksError> {
        // The cause is dropped: it may quote what it could not read.
        let text: Text = serde_json::from_str(text).map_err(|_| LinksError::Form)?;
        let base = base(&text.domain).ok_or(LinksError::Field(
            "domain",
            "no plain host name, such as d111111abcdef8.cloudfront.net",
        ))?;
        if text.key_pair_id.is_empty() || !text.key_pair_id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(LinksError::Field("keyPairId", "no id of a public key, such as K2JCJMDEHXQW5F"));
        }
        let key = Key::read(&text.private_key)?;
        Ok(Self { base, key_pair_id: text.key_pair_id, key })
    }

    /// A link to the object of that key until `expires`, in seconds since 1970.
    ///
    /// # Errors
    /// If the key does not sign.
    pub fn link(&self, key: &str, expires: u64) -> Result<String, LinksError> {
        // Above all no `*` and no `?` stays: in a policy they would stand for any text.
        let url = format!("{}{}", self.base, encode(key, b"/"));
        let signature = safe(&self.key.sign(policy(&url, expires).as_bytes())?);
        let id = &self.key_pair_id;
        Ok(format!("{url}?Expires={expires}&Signature={signature}&Key-Pair-Id={id}&Hash-Algorithm=SHA256"))
    }
}

/// Where links of that domain lead; `None` if it is none.
fn base(domain: &str) -> Option<String> {
    if let Some((host, port)) = domain.split_once(':') {
        let digits = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
        let local = matches!(host, "127.0.0.1" | "localhost") && digits && port.parse::<u16>().is_ok();
        return local.then(|| format!("http://{domain}/"));
    }
    let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!domain.is_empty() && domain.chars().all(host)).then(|| format!("https://{domain}/"))
}

/// The text that is signed.
pub(super) fn policy(url: &str, expires: u64) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}"#
    )
}

/// Base64 as CloudFront reads it in a URL.
fn safe(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
}
