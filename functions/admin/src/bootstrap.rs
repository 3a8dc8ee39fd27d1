//! Bootstrap of the database by the deployment: schema, roles and settings, before the proxy's target is waited for.
//!
//! The custom resource `Bootstrap` of the template runs it when the stack is created, and again whenever a parameter
//! that the store keeps has changed. Its function has the code of admin and knows neither proxy nor queue nor bucket,
//! because these may wait for it.

mod event;
mod remedy;

use std::time::Duration;

use lambda_runtime::LambdaEvent;
use ports::audit::Event;
use ports::config::{self, ConfigError};
use ports::postgres::login::Login;
use ports::telemetry::{chain, invocation};
use serde_json::Value;
use store::Store;
use tracing::Instrument;

use crate::context::Settings;
use crate::failure::Failure;
use crate::migrate;
use crate::output::CommandOutput;

/// Maximum wait for the database to respond. One that was created a moment ago, or a rule of its security group, may
/// take some seconds.
const REACH_TIMEOUT: Duration = Duration::from_secs(45);

/// Pause between two attempts to reach the database.
const REACH_PAUSE: Duration = Duration::from_secs(2);

/// Maximum run time of the migration. The function must report its end before Lambda ends it (840 s in the template).
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(780);

/// State of the bootstrap function.
pub struct Bootstrap {
    settings: Settings,
    reach_timeout: Duration,
    migration_timeout: Duration,
}

impl Bootstrap {
    /// Reads the settings if this process is the bootstrap function; `None` if it is admin.
    ///
    /// # Errors
    /// If a setting is missing or malformed.
    pub fn from_env() -> Result<Option<Self>, ConfigError> {
        if config::optional("SLUICE_BOOTSTRAP").is_none() {
            return Ok(None);
        }
        Settings::from_env().map(|settings| Some(Self::new(settings)))
    }

    fn new(settings: Settings) -> Self {
        Self { settings, reach_timeout: REACH_TIMEOUT, migration_timeout: MIGRATION_TIMEOUT }
    }

    /// Runs the bootstrap of one event. The outcome is in the result, also if it failed.
    ///
    /// # Errors
    /// Never; the type is required by the runtime.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<CommandOutput, lambda_runtime::Error> {
        let request = event.context.request_id;
        let span = invocation(&request, event.context.xray_trace_id.as_deref());
        Ok(self.answer(&event.payload, &request).instrument(span).await)
    }

    async fn answer(&self, event: &Value, request: &str) -> CommandOutput {
        let outcome = self.run(event).await;
        let (word, answer) = match outcome {
            Ok(answer) => ("done", self.settings.hide(answer).await),
            Err(text) => ("failed", self.settings.hide(CommandOutput::refused(text)).await),
        };
        Event {
            event: "store migrated",
            outcome: word,
            by: "deployment",
            request: Some(request),
            ..Event::default()
        }
        .record();
        if answer.ok {
            tracing::info!("the bootstrap ended");
        } else {
            tracing::error!(cause = answer.text, "the bootstrap failed");
        }
        answer
    }

    /// Returns the text of the migration, or the failure with its remedy.
    async fn run(&self, event: &Value) -> Result<CommandOutput, String> {
        let stored = event::settings(event)?;
        let settings = Settings { stored, ..self.settings.clone() };
        let Some(owner) = &settings.owner_url else {
            return Err(remedy::NO_OWNER.to_owned());
        };
        self.reach(owner, &settings.owner_login).await?;
        match tokio::time::timeout(self.migration_timeout, migrate::run(&settings, false)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => Err(with_remedy(&failure)),
            Err(_) => Err(remedy::late(self.migration_timeout)),
        }
    }

    /// Waits until the database responds. A refused login is a response, which the migration reports.
    async fn reach(&self, owner: &str, login: &Login) -> Result<(), String> {
        let server = Store::new(owner).map_err(|_| remedy::NOT_A_URL.to_owned())?.with_login(login.clone());
        let last = std::sync::Mutex::new(None);
        let attempts = async {
            while let Err(cause) = respond(&server, login).await {
                tracing::warn!(cause, "the database does not respond yet");
                *last.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(cause);
                tokio::time::sleep(REACH_PAUSE).await;
            }
        };
        match tokio::time::timeout(self.reach_timeout, attempts).await {
            Ok(()) => Ok(()),
            Err(_) => {
                let last: Option<String> =
                    last.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
                let silent = || format!("no response from the database: {}", remedy::UNREACHED);
                Err(last.unwrap_or_else(silent))
            }
        }
    }
}

/// Checks once that the owner's password can be read and that the server responds. Returns the cause with its remedy.
async fn respond(server: &Store, login: &Login) -> Result<(), String> {
    if let Login::Secret(secret) = login {
        let read = secret.current().await;
        read.map_err(|error| format!("the owner: {}: {}", chain(&error), remedy::UNREAD))?;
    }
    server.ping().await.map_err(|error| format!("{}: {}", chain(&error), remedy::UNREACHED))
}

fn with_remedy(failure: &Failure) -> String {
    let remedy = match failure {
        Failure::Store(error) => error.sqlstate().as_deref().and_then(remedy::of),
        Failure::Password(_) => Some(remedy::UNREAD),
        _ => None,
    };
    match remedy {
        Some(remedy) => format!("{}: {remedy}", failure.text()),
        None => failure.text(),
    }
}

#[cfg(test)]
mod tests;
