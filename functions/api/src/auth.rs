//! Authentication of callers: by keys of the deployment, or by tokens that API Gateway has verified.

use ports::config::{self, ConfigError};

/// Authentication method of the deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Keys created by the operator: `Authorization: Bearer slc_…`.
    #[default]
    Keys,
    /// The JWT authorizer of the HTTP API. Keys are then rejected.
    Tokens(TokenRules),
}

/// Mapping from the claims of a verified token to tenant, datasets and write access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRules {
    /// Claim that holds the tenant's id.
    pub tenant_claim: String,
    /// Claim that lists the datasets visible to the caller. `None`: all datasets are visible.
    pub datasets_claim: Option<String>,
    /// OAuth scope required for anything but reading. `None`: no scope is required.
    pub write_scope: Option<String>,
}

impl Auth {
    /// Reads the settings.
    ///
    /// # Errors
    /// If the method is unknown, or no claim is set for the tenant.
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        match config::optional("SLUICE_AUTH").as_deref() {
            None | Some("keys") => Ok(Self::Keys),
            Some("jwt") => Ok(Self::Tokens(TokenRules {
                tenant_claim: config::required("SLUICE_TENANT_CLAIM")?,
                datasets_claim: config::optional("SLUICE_DATASETS_CLAIM"),
                write_scope: config::optional("SLUICE_WRITE_SCOPE"),
            })),
            Some(_) => Err(ConfigError::Invalid("SLUICE_AUTH", "authentication mode: keys or jwt")),
        }
    }
}
