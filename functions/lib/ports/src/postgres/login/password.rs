//! Password of a role in a secret, read when the first session is opened and again when the server refuses it.
//!
//! The versions before and after the current one are tried as well: during a rotation, server and secret do not change
//! at the same moment.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Mutex;

use super::LoginError;
use crate::secret::{Secret, Stage};

/// Minimum time between two reads because of refused passwords.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// Maximum number of passwords tried for one session: those of two reads.
const MAX_TRIED: usize = 6;

/// The secret with the password of a role: JSON with `username` and `password`, as RDS and Secrets Manager write it.
/// Clones share what was read.
#[derive(Clone)]
pub struct SecretPassword(Arc<Shared>);

struct Shared {
    secret: Box<dyn Secret>,
    names_role: bool,
    kept: Mutex<Option<Kept>>,
}

/// Users read from the secret.
struct Kept {
    users: Vec<Arc<User>>,
    /// Index of the one that is used.
    at: usize,
    /// True if all versions were read, not only the current one.
    whole: bool,
    read: Instant,
}

/// A role and its password.
#[derive(Deserialize, PartialEq, Eq)]
pub(super) struct User {
    username: Option<String>,
    password: String,
}

impl fmt::Debug for SecretPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretPassword")
    }
}

impl SecretPassword {
    /// Configures the secret; nothing is read before the first login. The role is that of the URL: its session limit
    /// and settings are part of the design, so no rotation can replace it by another one.
    pub fn new(secret: impl Secret + 'static) -> Self {
        Self::build(secret, false)
    }

    /// Configures the secret, which also names the role.
    pub fn with_role(secret: impl Secret + 'static) -> Self {
        Self::build(secret, true)
    }

    fn build(secret: impl Secret + 'static, names_role: bool) -> Self {
        Self(Arc::new(Shared { secret: Box::new(secret), names_role, kept: Mutex::default() }))
    }

    /// Returns the current password.
    ///
    /// # Errors
    /// If the secret cannot be read or contains none.
    pub async fn current(&self) -> Result<String, LoginError> {
        Ok(self.read(Stage::Current).await?.ok_or(LoginError::NoPassword)?.password.clone())
    }

    /// Returns all passwords that were read, in order to remove them from texts.
    pub async fn known(&self) -> Vec<String> {
        let kept = self.0.kept.lock().await;
        kept.iter().flat_map(|kept| &kept.users).map(|user| user.password.clone()).collect()
    }

    /// Returns the user of a login now. One login at a time reads the secret; the others wait for it.
    pub(super) async fn user(&self) -> Result<Arc<User>, LoginError> {
        let mut kept = self.0.kept.lock().await;
        if let Some(kept) = kept.as_ref() {
            return Ok(kept.users[kept.at].clone());
        }
        let user = self.read(Stage::Current).await?.ok_or(LoginError::NoPassword)?;
        *kept = Some(Kept { users: vec![user.clone()], at: 0, whole: false, read: Instant::now() });
        Ok(user)
    }

    /// Returns options with this user's password.
    pub(super) fn options(&self, options: &PgConnectOptions, user: &User) -> PgConnectOptions {
        let options = options.clone().password(&user.password);
        match &user.username {
            Some(name) if self.0.names_role => options.username(name),
            _ => options,
        }
    }

    /// Chooses another user after the server has refused these. Returns false if there is none: then the settings
    /// are wrong.
    pub(super) async fn other_than(&self, refused: &[Arc<User>]) -> Result<bool, LoginError> {
        if refused.len() >= MAX_TRIED {
            return Ok(false);
        }
        let mut kept = self.0.kept.lock().await;
        // Another login has chosen meanwhile.
        if kept.as_ref().is_some_and(|kept| !refused.contains(&kept.users[kept.at])) {
            return Ok(true);
        }
        if kept.as_ref().is_none_or(|kept| !kept.whole || kept.read.elapsed() >= READ_AGAIN) {
            let users = self.read_all().await?;
            *kept = Some(Kept { users, at: 0, whole: true, read: Instant::now() });
        }
        let Some(kept) = kept.as_mut() else { return Ok(false) };
        let other = kept.users.iter().position(|user| !refused.contains(user));
        kept.at = other.unwrap_or(0);
        Ok(other.is_some())
    }

    /// Reads all versions, the current one first. Without another version there is only that one.
    async fn read_all(&self) -> Result<Vec<Arc<User>>, LoginError> {
        let mut users = vec![self.read(Stage::Current).await?.ok_or(LoginError::NoPassword)?];
        for stage in [Stage::Pending, Stage::Previous] {
            if let Ok(Some(user)) = self.read(stage).await
                && !users.contains(&user)
            {
                users.push(user);
            }
        }
        Ok(users)
    }

    async fn read(&self, stage: Stage) -> Result<Option<Arc<User>>, LoginError> {
        let Some(text) = self.0.secret.read(stage).await.map_err(LoginError::Secret)? else {
            return Ok(None);
        };
        // The parser's error may quote the text.
        let user = serde_json::from_str::<User>(&text).map_err(|_| LoginError::NoPassword)?;
        if user.password.is_empty() { Err(LoginError::NoPassword) } else { Ok(Some(Arc::new(user))) }
    }
}

#[cfg(test)]
mod tests;
