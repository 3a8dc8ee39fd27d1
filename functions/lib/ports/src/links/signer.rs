//! A signed URL for one object, by CloudFront's canned policy.
//!
//! The policy is not in the URL: CloudFront rebuilds it from the request, so its text must match to the byte. Its
//! SHA-256 is signed, which the URL declares; otherwise CloudFront would assume SHA-1, which the library no longer
//! signs.
//!
//! Source: "Create a signed URL using a canned policy" in the CloudFront developer guide.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::LinksError;
use super::key::Key;
use crate::percent::encode_path;

/// Signer of links for one distribution.
pub struct Signer {
    /// Scheme and host of the links.
    base: String,
    key_pair_id: String,
    key: Key,
}

/// Content of the secret.
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
    /// Links are `https://`. Only a domain that is a port of this machine, `127.0.0.1:PORT` or `localhost:PORT`, has
    /// links with `http://`: that is the local stack's CDN, and its traffic does not leave the machine.
    ///
    /// # Errors
    /// If it has another form, or the key is none of those that CloudFront accepts.
    pub fn read(text: &str) -> Result<Self, LinksError> {
        // The cause is dropped, because it may quote the text.
        let text: Text = serde_json::from_str(text).map_err(|_| LinksError::Form)?;
        let base = base(&text.domain).ok_or(LinksError::Field(
            "domain",
            "not a plain host name, such as d111111abcdef8.cloudfront.net",
        ))?;
        if text.key_pair_id.is_empty() || !text.key_pair_id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(LinksError::Field("keyPairId", "not the id of a public key, such as K2JCJMDEHXQW5F"));
        }
        let key = Key::read(&text.private_key)?;
        Ok(Self { base, key_pair_id: text.key_pair_id, key })
    }

    /// Returns a link to the object of that key, valid until `expires`, in seconds since 1970.
    ///
    /// # Errors
    /// If signing with the key fails.
    pub fn link(&self, key: &str, expires: u64) -> Result<String, LinksError> {
        // Above all no `*` and no `?` may remain, since in a policy they would match any text.
        let url = format!("{}{}", self.base, encode_path(key));
        let signature = safe(&self.key.sign(policy(&url, expires).as_bytes())?);
        let id = &self.key_pair_id;
        Ok(format!("{url}?Expires={expires}&Signature={signature}&Key-Pair-Id={id}&Hash-Algorithm=SHA256"))
    }
}

/// Returns the scheme and host for a domain; `None` if it is not a domain.
fn base(domain: &str) -> Option<String> {
    if let Some((host, port)) = domain.split_once(':') {
        let digits = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
        let local = matches!(host, "127.0.0.1" | "localhost") && digits && port.parse::<u16>().is_ok();
        return local.then(|| format!("http://{domain}/"));
    }
    let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!domain.is_empty() && domain.chars().all(host)).then(|| format!("https://{domain}/"))
}

/// Returns the text to sign.
pub(super) fn policy(url: &str, expires: u64) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}"#
    )
}

/// Encodes Base64 as CloudFront reads it in a URL.
fn safe(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
}
