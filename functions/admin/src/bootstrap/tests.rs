//! Unit tests of the bootstrap.

use std::time::Instant;

use ports::postgres::login::{LoginError, SecretPassword};
use ports::secret::MemorySecret;
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use store::{Migration, RolePassword, RoleSettings};

use super::*;

const SILENT: Duration = Duration::from_millis(300);

/// Returns the event that the custom resource causes, with every number as text.
fn event() -> Value {
    let rows = Settings::example().stored.rows();
    let settings: Map<_, _> =
        rows.iter().map(|(name, value)| ((*name).to_owned(), json!(value.to_string()))).collect();
    json!({ "settings": settings })
}

fn bootstrap(owner: Option<&str>) -> Bootstrap {
    let settings = Settings {
        owner_url: owner.map(str::to_owned),
        source_url: "postgres://sluice_source:source-secret@none".to_owned(),
        store_url: "postgres://sluice_store:store-secret@none".to_owned(),
        ..Settings::example()
    };
    Bootstrap { settings, reach_timeout: SILENT, migration_timeout: SILENT }
}

#[test]
fn settings_of_the_event_are_those_of_the_store() {
    assert_eq!(event::settings(&event()), Ok(Settings::example().stored));
}

#[test]
fn missing_unknown_and_invalid_settings_are_refused() {
    let changed = |change: &dyn Fn(&mut Map<String, Value>)| {
        let mut event = event();
        change(event["settings"].as_object_mut().unwrap());
        event::settings(&event).unwrap_err()
    };
    assert!(changed(&|settings| drop(settings.remove("reuse_days"))).contains("reuse_days"));
    assert!(changed(&|settings| drop(settings.insert("budget".into(), json!("many")))).contains("budget"));
    assert!(changed(&|settings| drop(settings.insert("colour".into(), json!("1")))).contains("colour"));
    assert!(event::settings(&json!({})).is_err());
}

#[tokio::test]
async fn without_an_owner_the_remedy_is_reported() {
    let answer = bootstrap(None).answer(&event(), "request").await;
    assert!(!answer.ok && answer.text.contains("OwnerUrl"), "{answer:?}");
}

#[tokio::test]
async fn invalid_owner_url_is_not_repeated() {
    let answer = bootstrap(Some("postgres//owner:owner-secret@")).answer(&event(), "request").await;
    assert!(!answer.ok && answer.text.contains("percent-encode"), "{answer:?}");
    assert!(!answer.text.contains("owner-secret"), "{answer:?}");
}

#[tokio::test]
async fn secret_that_cannot_be_read_fails_with_its_remedy() {
    let unread = || Login::Secret(SecretPassword::with_role(MemorySecret::default()));
    let of_owner = bootstrap(Some("postgres://127.0.0.1:1/shop"));
    let of_owner =
        Bootstrap { settings: Settings { owner_login: unread(), ..of_owner.settings }, ..of_owner };
    let answer = of_owner.answer(&event(), "request").await;
    assert!(
        !answer.ok && answer.text.contains("username") && answer.text.contains("CreateEndpoints"),
        "{answer:?}"
    );
    assert!(!answer.text.contains("security group"), "{answer:?}");
    assert!(with_remedy(&Failure::Password(LoginError::NoPassword)).contains("CreateEndpoints"));
}

#[tokio::test]
async fn database_that_cannot_be_reached_fails_with_its_remedy() {
    let closed = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let owner = format!("postgres://owner:owner-secret@127.0.0.1:{closed}/shop");
    let answer = bootstrap(Some(&owner)).answer(&event(), "request").await;
    assert!(!answer.ok && answer.text.contains(&closed.to_string()), "{answer:?}");
    assert!(answer.text.contains("security group") && !answer.text.contains("owner-secret"), "{answer:?}");
}

#[tokio::test]
async fn database_that_never_responds_ends_the_wait() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let owner = format!("postgres://owner:owner-secret@{}/shop", silent.local_addr().unwrap());
    let began = Instant::now();
    let answer = bootstrap(Some(&owner)).answer(&event(), "request").await;
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(!answer.ok && answer.text.contains("security group"), "{answer:?}");
}

#[test]
fn errors_of_the_server_have_remedies() {
    for (state, word) in
        [("28P01", "password"), ("42501", "createrole"), ("3D000", "database"), ("53300", "session")]
    {
        assert!(remedy::of(state).unwrap().contains(word), "{state}");
    }
    assert_eq!(remedy::of("42601"), None);
    assert!(remedy::late(Duration::from_secs(7)).contains("within 7 s"));
}

/// The template names what this program would create, so that a deployment of new code runs the bootstrap again.
#[test]
fn template_names_this_schema() {
    let password = |role: &str| (role.to_owned(), RolePassword::ToFillIn);
    let roles = RoleSettings {
        source: password("sluice_source"),
        store: password("sluice_store"),
        pooler: Settings::example().pooler,
        stored: Settings::example().stored,
    };
    let script = store::migration_script(&store::role_statements(&roles));
    let digest = Sha256::digest(script.as_bytes());
    let hash: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let wanted = format!("Schema: {}-{hash}", Migration::last().version);
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    let text = std::fs::read_to_string(template).unwrap();
    assert!(text.contains(&wanted), "the custom resource Bootstrap in template.yaml must have `{wanted}`");
}
