//! `migrate`: updates the schema of the store and creates the two roles, or prints the SQL.

use export::count::count;
use ports::postgres::login::Login;
use ports::postgres::pooler::Pooler;
use serde_json::json;
use store::{self, OldSessions, RolePassword, RoleSettings, StoreError};

use crate::context::Settings;
use crate::credentials::{credentials, role};
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Runs the migration as the owner. Safe to run at every deployment.
pub(crate) async fn run(settings: &Settings, print: bool) -> Result<CommandOutput, Failure> {
    let roles = roles(settings).await?;
    match &settings.owner_url {
        Some(url) if !print => {
            let login = &settings.owner_login;
            let applied = store::migrate(url, login, &store::role_statements(&roles)).await?;
            let sessions = store::end_idle_sessions(url, login, &[&roles.source.0, &roles.store.0]).await;
            let names: Vec<_> = applied.iter().map(|m| format!("{:04} {}", m.version, m.name)).collect();
            let data = json!({"ran": true, "migrations": names});
            Ok(CommandOutput::done(format!("{}\n{}", text(&names, &roles), of_sessions(sessions)), data))
        }
        owner => {
            let why = if owner.is_none() {
                "-- OwnerUrl is not set, so nothing was run."
            } else {
                "-- Nothing was run."
            };
            let script = store::migration_script(&store::role_statements(&without_passwords(roles)));
            let text = format!(
                "{why} Run this with psql as a role that may create roles and schemas,\n-- with the passwords of the two roles filled in.\n{script}"
            );
            Ok(CommandOutput::done(text, json!({"ran": false})))
        }
    }
}

/// Prints the SQL of the source role alone, with its limit and settings, for a source on another server than the store.
pub(crate) async fn print_source_role(settings: &Settings) -> Result<CommandOutput, Failure> {
    let roles = without_passwords(roles(settings).await?);
    let statements = store::source_role_statements(&roles);
    let text = format!(
        "-- Nothing was run. Run this on the source's server, as a role that may create roles, with the password filled in.\nbegin;\n{};\ncommit;",
        statements.join(";\n")
    );
    Ok(CommandOutput::done(text, json!({"ran": false, "statements": statements})))
}

/// Returns the roles and their limits. The three roles must differ; otherwise one would get the limits of another.
async fn roles(settings: &Settings) -> Result<RoleSettings, Failure> {
    let source = read_role("SourceUrl", &settings.source_url, &settings.source_login).await?;
    let store = read_role("StoreUrl", &settings.store_url, &settings.store_login).await?;
    if source.0 == store.0 {
        let text = "SourceUrl and StoreUrl name the same role; each needs its own limit of sessions, so use two roles";
        return Err(Failure::Refused(text.to_owned()));
    }
    if let Some(Ok(owner)) = settings.owner_url.as_deref().map(role)
        && (owner == source.0 || owner == store.0)
    {
        let text =
            format!("{owner} is the owner's role and also one of the limited roles; use different roles");
        return Err(Failure::Refused(text));
    }
    Ok(RoleSettings { source, store, pooler: settings.pooler, stored: settings.stored })
}

/// Returns the role in a URL, and how it logs in.
async fn read_role(
    parameter: &'static str,
    url: &str,
    login: &Login,
) -> Result<(String, RolePassword), Failure> {
    let wrong = |cause| Failure::Url { parameter, cause };
    Ok(match login {
        Login::Password => {
            let (role, password) = credentials(url).map_err(wrong)?;
            (role, RolePassword::Known(password))
        }
        Login::Secret(secret) => (
            role(url).map_err(wrong)?,
            RolePassword::Known(secret.current().await.map_err(Failure::Password)?),
        ),
        Login::Iam => (role(url).map_err(wrong)?, RolePassword::Tokens),
    })
}

fn without_passwords(mut roles: RoleSettings) -> RoleSettings {
    for (_, password) in [&mut roles.source, &mut roles.store] {
        if matches!(password, RolePassword::Known(_)) {
            *password = RolePassword::ToFillIn;
        }
    }
    roles
}

/// Describes the sessions that were open during the migration. A pooler keeps sessions for hours, with the settings that
/// their role had at their start.
fn of_sessions(found: Result<OldSessions, StoreError>) -> String {
    let remedy = "keep the settings of before until they end; if settings were changed, restart the pooler";
    match found {
        Ok(OldSessions { ended, left: 0 }) => format!("ended {ended} idle sessions of the roles"),
        Ok(OldSessions { ended, left }) => {
            format!("ended {ended} idle sessions of the roles; {left} others {remedy}")
        }
        Err(error) => {
            let cause = ports::telemetry::chain(&error);
            format!("the owner could not end idle sessions of the roles, which {remedy} ({cause})")
        }
    }
}

fn text(migrations: &[String], roles: &RoleSettings) -> String {
    let schema = if migrations.is_empty() {
        "the schema was up to date".to_owned()
    } else {
        format!("applied {}", migrations.join(", "))
    };
    let (source, store) = (&roles.source.0, &roles.store.0);
    let (budget, sessions) = (roles.stored.budget, roles.stored.store_sessions);
    let limit = |sessions| roles.pooler.role_limit(sessions);
    let of = |sessions: u32| match roles.pooler {
        Pooler::Proxy => format!(" (3 x {sessions}: the nodes of RDS Proxy keep sessions of their own)"),
        Pooler::None | Pooler::Own => String::new(),
    };
    format!(
        "{schema}\nrole {source} reads the source with at most {}{}\nrole {store} uses the store with at most {}{}\nnext: grant {source} usage on the schemas and select on the tables to export",
        count(limit(budget).into(), "session"),
        of(budget),
        count(limit(sessions).into(), "session"),
        of(sessions),
    )
}

#[cfg(test)]
mod tests {
    use ports::postgres::login::SecretPassword;
    use ports::secret::MemorySecret;

    use super::*;

    fn settings(owner: Option<&str>, source: &str) -> Settings {
        Settings {
            owner_url: owner.map(str::to_owned),
            source_url: source.to_owned(),
            store_url: "postgres://sluice_store:store-secret@db/shop".to_owned(),
            stored: store::StoredSettings { budget: 3, store_sessions: 5, ..Settings::example().stored },
            ..Settings::example()
        }
    }

    #[test]
    fn sessions_with_old_settings_are_reported() {
        assert_eq!(of_sessions(Ok(OldSessions { ended: 3, left: 0 })), "ended 3 idle sessions of the roles");
        let text = of_sessions(Ok(OldSessions { ended: 0, left: 2 }));
        assert!(text.contains("2 others keep the settings of before") && text.contains("restart the pooler"));
        let text = of_sessions(Err(StoreError::Busy("permission denied".into())));
        assert!(text.contains("could not end") && text.contains("permission denied"), "{text}");
    }

    #[tokio::test]
    async fn roles_must_differ() {
        let source = "postgres://sluice_source:source-secret@db/shop";
        assert!(roles(&settings(Some("postgres://owner:o@db/shop"), source)).await.is_ok());
        let same = roles(&settings(None, "postgres://sluice_store:x@db/shop")).await;
        assert!(matches!(same, Err(Failure::Refused(_))));
        let owner = roles(&settings(Some("postgres://sluice_source:o@db/shop"), source)).await;
        assert!(matches!(owner, Err(Failure::Refused(_))));
        assert!(matches!(roles(&settings(None, "postgres://db/shop")).await, Err(Failure::Url { .. })));
    }

    #[tokio::test]
    async fn with_tokens_there_are_roles_without_passwords() {
        let source = "postgres://sluice_source@proxy/shop";
        assert!(matches!(roles(&settings(None, source)).await, Err(Failure::Url { .. })));
        let by_tokens =
            Settings { source_login: Login::Iam, store_login: Login::Iam, ..settings(None, source) };
        let roles = roles(&by_tokens).await.ok().unwrap();
        assert!(roles.source == ("sluice_source".to_owned(), RolePassword::Tokens));
        let script = store::migration_script(&store::role_statements(&roles));
        assert!(!script.contains("store-secret") && script.contains("connection limit 3 password null"));
        assert_eq!(script.matches("grant rds_iam to").count(), 2);
        assert!(!script.contains("revoke rds_iam"));
    }

    #[tokio::test]
    async fn passwords_of_secrets_are_those_of_the_roles() {
        let secret = MemorySecret::default();
        secret.put(r#"{"username": "sluice_source", "password": "source-secret"}"#);
        let settings = Settings {
            source_login: Login::Secret(SecretPassword::new(secret.clone())),
            ..settings(None, "postgres://sluice_source@db/shop")
        };
        let roles = roles(&settings).await.ok().unwrap();
        assert!(
            roles.source == ("sluice_source".to_owned(), RolePassword::Known("source-secret".to_owned()))
        );
        secret.put("hunter2");
        let Err(failure) = super::roles(&settings).await else { panic!("a secret without a password") };
        assert!(failure.text().contains("must have the form") && !failure.text().contains("hunter2"));
    }

    #[tokio::test]
    async fn migration_contains_verifiers_but_no_passwords() {
        let roles =
            roles(&settings(None, "postgres://sluice_source:source-secret@db/shop")).await.ok().unwrap();
        let script = store::migration_script(&store::role_statements(&roles));
        assert!(!script.contains("-secret"), "{script}");
        assert_eq!(script.matches(" password 'SCRAM-SHA-256$4096:").count(), 2);
    }

    #[tokio::test]
    async fn source_role_is_printed_alone_and_without_its_password() {
        let source = "postgres://sluice_source:source-secret@db/shop";
        let printed = print_source_role(&settings(None, source)).await.ok().unwrap();
        assert!(printed.ok && printed.text.contains("'PASSWORD_OF_SLUICE_SOURCE'"), "{}", printed.text);
        assert!(!printed.text.contains("sluice_store") && !printed.text.contains("source-secret"));
        assert!(printed.text.contains("connection limit 3") && printed.text.contains("set timezone = 'UTC'"));
    }

    #[tokio::test]
    async fn printed_migration_contains_no_passwords() {
        let roles = roles(&settings(None, "postgres://sluice_source:source-secret@db/shop")).await.ok();
        let statements = store::role_statements(&without_passwords(roles.unwrap()));
        let script = store::migration_script(&statements);
        assert!(!script.contains("secret@") && !script.contains("-secret"), "{script}");
        assert!(script.contains("PASSWORD_OF_SLUICE_SOURCE") && script.contains("connection limit 3"));
    }
}
