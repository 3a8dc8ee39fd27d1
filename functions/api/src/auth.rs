//! How a deployment knows its callers: by keys of its own, or by tokens that API Gateway has verified.

use ports::config::{self, ConfigError};

/// Who vouches for a caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Keys that the operator made: `Authorization: Bearer slc_…`.
    #[default]
    Keys,
    /// The HTTP API's own JWT authorizer. Keys are refused then.
    Tokens(TokenRules),
}

/// Which claims of a verified token say what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRules {
    /// The claim that holds the tenant's id.
    pub tenant_claim: String,
    /// The claim that lists the datasets that exist for the caller; `None`: all of them do.
    pub datasets_claim: Option<String>,
    /// The OAuth scope without which a caller may only read; `None`: none is needed.
    pub write_scope: Option<String>,
}

impl Auth {
    /// Reads the settings.
    ///
    /// # Errors
    /// If the way is unknown, or no claim holds the tenant.
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        match config::optional("SLUICE_AUTH").as_deref() {
            None | Some("keys") => Ok(Self::Keys),
            Some("jwt") => Ok(Self::Tokens(TokenRules {
                tenant_claim: config::required("SLUICE_TENANT_CLAIM")?,
                datasets_claim: config::optional("SLUICE_DATASETS_CLAIM"),
                write_scope: config::optional("SLUICE_WRITE_SCOPE"),
            })),
            Some(_) => Err(ConfigError::Invalid("SLUICE_AUTH", "way to know callers: keys or jwt")),
        }
    }
}
