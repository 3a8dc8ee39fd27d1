//! Kind of pooler between the functions and the databases. The limits of the roles and the life of a store session
//! depend on it.

use crate::config::ConfigError;

/// Sessions of a role per session of its budget behind RDS Proxy.
const PROXY_FACTOR: u32 = 3;

/// Pooler of a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooler {
    /// No pooler: every connection is a session, so none is kept between two invocations.
    #[default]
    None,
    /// RDS Proxy. It has several nodes, each of which keeps sessions of its own.
    Proxy,
    /// A pooler of the operator in transaction mode, such as PgBouncer.
    Own,
}

impl Pooler {
    /// Reads the setting `SLUICE_POOLER`: `none`, which is also the default, `proxy` or `own`.
    ///
    /// # Errors
    /// If it has another value.
    pub fn read(setting: Option<&str>) -> Result<Self, ConfigError> {
        match setting {
            None | Some("none") => Ok(Self::None),
            Some("proxy") => Ok(Self::Proxy),
            Some("own") => Ok(Self::Own),
            Some(_) => Err(ConfigError::Invalid("SLUICE_POOLER", "pooler: none, proxy or own")),
        }
    }

    /// Returns the value of the parameter `Pooler`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Proxy => "proxy",
            Self::Own => "own",
        }
    }

    /// Returns the connection limit of a role with a budget of `sessions`. It is the budget itself, except behind RDS
    /// Proxy: an idle session that one node keeps counts against the limit, and would keep another node from opening
    /// the sessions that the budget allows.
    pub fn role_limit(self, sessions: u32) -> u32 {
        match self {
            Self::None | Self::Own => sessions,
            Self::Proxy => sessions.saturating_mul(PROXY_FACTOR),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_proxy_has_roles_above_their_budget() {
        for (setting, pooler, limit) in [
            (None, Pooler::None, 4),
            (Some("none"), Pooler::None, 4),
            (Some("own"), Pooler::Own, 4),
            (Some("proxy"), Pooler::Proxy, 12),
        ] {
            let read = Pooler::read(setting).unwrap();
            assert_eq!((read, read.role_limit(4)), (pooler, limit));
            assert!(setting.is_none_or(|setting| setting == read.name()));
        }
        assert!(Pooler::read(Some("true")).is_err());
    }
}
