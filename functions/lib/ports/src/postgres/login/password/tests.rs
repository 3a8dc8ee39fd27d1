//! Rotations as a server sees them: which passwords are tried, in which order, and how often the secret is read.

use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use sqlx::ConnectOptions;

use super::*;
use crate::postgres::login::{Login, Refusal};
use crate::secret::{MemorySecret, SecretError};

/// A server with one role, and the secret with its password.
#[derive(Default)]
struct Ground {
    accepted: Mutex<String>,
    tried: Mutex<Vec<String>>,
    secret: Counted,
}

/// A secret that counts its reads.
#[derive(Clone, Default)]
struct Counted {
    secret: MemorySecret,
    reads: Arc<AtomicUsize>,
}

#[async_trait]
impl Secret for Counted {
    async fn read(&self, stage: Stage) -> Result<Option<String>, SecretError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.secret.read(stage).await
    }

    async fn is_filled(&self) -> Result<bool, SecretError> {
        self.secret.is_filled().await
    }
}

#[derive(Debug, PartialEq)]
enum Error {
    Refused,
    Broken,
    None(String),
}

impl Refusal for Error {
    fn is_refused_login(&self) -> bool {
        *self == Self::Refused
    }
}

impl From<LoginError> for Error {
    fn from(error: LoginError) -> Self {
        Self::None(error.to_string())
    }
}

fn options() -> PgConnectOptions {
    PgConnectOptions::from_str("postgres://sluice_store@db.example.com/shop").unwrap()
}

fn text(password: &str) -> String {
    format!(r#"{{"username":"sluice_store","password":"{password}","engine":"postgres"}}"#)
}

impl Ground {
    fn accept(&self, password: &str) {
        password.clone_into(&mut self.accepted.lock().unwrap());
    }

    /// Logs in; returns the result and the passwords that were tried.
    async fn log_in(&self, login: &Login) -> (Result<(), Error>, Vec<String>) {
        let result = login
            .attempt(&options(), |options| async move {
                let password = options.to_url_lossy().password().unwrap().to_owned();
                self.tried.lock().unwrap().push(password.clone());
                match self.accepted.lock().unwrap().as_str() {
                    "broken" => Err(Error::Broken),
                    accepted if accepted == password => Ok(()),
                    _ => Err(Error::Refused),
                }
            })
            .await;
        (result, std::mem::take(&mut *self.tried.lock().unwrap()))
    }

    fn login(&self) -> Login {
        Login::Secret(SecretPassword::new(self.secret.clone()))
    }

    fn reads(&self) -> usize {
        self.secret.reads.swap(0, Ordering::Relaxed)
    }
}

#[tokio::test]
async fn password_is_read_once_and_again_when_it_is_refused() {
    let ground = Ground::default();
    ground.secret.secret.put(text("first"));
    ground.accept("first");
    let login = ground.login();
    assert_eq!(ground.log_in(&login).await, (Ok(()), vec!["first".to_owned()]));
    assert_eq!(ground.log_in(&login).await, (Ok(()), vec!["first".to_owned()]));
    assert_eq!(ground.reads(), 1);

    // The secret before the server: what is kept goes on, and a new process tries the one before.
    ground.secret.secret.put(text("second"));
    assert_eq!(ground.log_in(&login).await, (Ok(()), vec!["first".to_owned()]));
    let new = ground.login();
    assert_eq!(ground.log_in(&new).await.1, ["second", "first"]);
    assert_eq!(ground.log_in(&new).await.1, ["first"]);
    ground.accept("second");
    for login in [&login, &new] {
        assert_eq!(ground.log_in(login).await, (Ok(()), vec!["first".to_owned(), "second".to_owned()]));
        assert_eq!(ground.log_in(login).await.1, ["second"]);
    }
}

#[tokio::test]
async fn next_password_of_a_rotation_works_before_it_is_in_force() {
    let ground = Ground::default();
    ground.secret.secret.put(text("first"));
    ground.secret.secret.prepare(text("second"));
    ground.accept("second");
    let login = ground.login();
    assert_eq!(ground.log_in(&login).await, (Ok(()), vec!["first".to_owned(), "second".to_owned()]));
    ground.secret.secret.put(text("second"));
    assert_eq!(ground.log_in(&login).await.1, ["second"]);
}

#[tokio::test]
async fn refused_passwords_are_an_error_and_do_not_flood_the_secret() {
    let ground = Ground::default();
    ground.secret.secret.put(text("first"));
    ground.accept("other");
    let login = ground.login();
    assert_eq!(ground.log_in(&login).await, (Err(Error::Refused), vec!["first".to_owned()]));
    assert_eq!(ground.reads(), 4, "the current one, then all three");
    for _ in 0..10 {
        assert_eq!(ground.log_in(&login).await.1, ["first"]);
    }
    assert!(ground.reads() <= 3, "at most once per second");
    ground.accept("broken");
    assert_eq!(ground.log_in(&login).await, (Err(Error::Broken), vec!["first".to_owned()]));
}

#[tokio::test]
async fn secrets_without_a_password_are_reported_without_their_text() {
    let ground = Ground::default();
    for wrong in ["", "hunter2", r#"{"username":"a"}"#, r#"{"password":""}"#, r#"{"password":{"hunter2":1}}"#]
    {
        ground.secret.secret.put(wrong);
        let Err(Error::None(why)) = ground.log_in(&ground.login()).await.0 else { panic!("{wrong}") };
        assert!(why.contains("\"password\"") && !why.contains("hunter2"), "{why}");
    }
    assert_eq!(format!("{:?}", ground.login()), "Secret(SecretPassword)");
}

#[tokio::test]
async fn role_is_that_of_the_url_unless_it_is_left_to_the_secret() {
    let secret = MemorySecret::default();
    secret.put(r#"{"username":"sluice_store_clone","password":"p"}"#);
    let user =
        |login: Login| async move { login.prepare(&options()).await.unwrap().get_username().to_owned() };
    assert_eq!(user(Login::Secret(SecretPassword::new(secret.clone()))).await, "sluice_store");
    assert_eq!(user(Login::Secret(SecretPassword::with_role(secret))).await, "sluice_store_clone");
}
