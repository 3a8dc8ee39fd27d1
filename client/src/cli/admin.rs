//! `sluice admin`: the operator's commands. They are sent to the admin function through the AWS command line, with
//! the operator's own AWS credentials; the api is not involved.

mod beside;
mod suggestion;
mod webhooks;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use self::suggestion::SuggestionArgs;
use super::outcome::{Failure, Outcome};

const EXAMPLES: &str = "Examples:
  sluice admin catalog suggest --shared > catalog.toml
  sluice admin catalog check catalog.toml
  sluice admin catalog apply catalog.toml
  sluice admin destinations apply destinations.toml
  sluice admin destinations test acme-lake
  sluice admin keys create acme nightly --datasets orders,customers --read-only --expires 90d
  sluice admin keys rotate ID --overlap 1d
  sluice admin webhooks add acme hook https://example.com/hook --events succeeded,failed
  sluice admin invalidate orders --from 2024-01-01 --to 2024-01-31
  sluice admin usage --from 2024-01-01 --to 2024-01-31 --tenant acme";

/// Catalog file if none is given.
const DEFAULT_CATALOG: &str = "catalog.toml";

/// Run an operator command: migrate, check, catalog suggest|check|apply|show, destinations apply|list|test|policy, invalidate, keys create|list|rotate|revoke,
/// webhooks add|list|test|rotate|events|resend|enable|disable|remove, usage, tenants forget, checks on|off, pause, resume
///
/// Runs `aws lambda invoke` with your AWS credentials.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Admin {
    /// migrate | check | catalog suggest | catalog check FILE | catalog apply FILE | catalog show |
    /// destinations apply FILE | destinations list | destinations test NAME | destinations policy NAME | invalidate DATASET |
    /// keys create TENANT LABEL | keys list | keys rotate ID | keys revoke ID | webhooks add TENANT NAME URL |
    /// webhooks list | webhooks test|rotate|events|resend|enable|disable|remove TENANT NAME | usage | tenants forget ID |
    /// checks on | checks off | pause | resume
    #[arg(value_name = "COMMAND", required = true)]
    words: Vec<String>,
    /// Name or ARN of the admin function
    #[arg(long, env = "SLUICE_ADMIN_FUNCTION", value_name = "NAME")]
    function: Option<String>,
    /// Catalog file for `catalog check` and `catalog apply`; can also be given as an argument [default: catalog.toml]
    #[arg(long)]
    file: Option<PathBuf>,
    /// First day: for `invalidate` in all time zones [default: from the beginning], for `usage` of UTC [default: 30 days ago]
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Last day, for `invalidate` [default: to the end] and `usage` [default: today]
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// For `keys create`: restrict the key to these datasets [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    datasets: Option<Vec<String>>,
    /// For `keys create`: allow the key to read and download only
    #[arg(long)]
    read_only: bool,
    /// For `keys create` and `keys rotate`: lifetime of the key, such as 12h, 90d or never [default: 365d, or the
    /// lifetime of the rotated key]
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// For `keys rotate` and `webhooks rotate`: time for which the old key keeps working, or the old secret also signs
    /// [default: 7d, and 1d for a webhook]
    #[arg(long, value_name = "TIME")]
    overlap: Option<String>,
    /// For `webhooks add`: types of events, such as succeeded,failed,delivered [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    events: Option<Vec<String>>,
    /// For `catalog apply`: apply the catalog even if chunks of live exports fail
    #[arg(long)]
    allow_removal: bool,
    /// For `catalog show`: show an earlier revision, given by a prefix of its id [default: the catalog in force]
    #[arg(long, value_name = "ID")]
    revision: Option<String>,
    /// For `invalidate`: only this tenant
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    suggestion: SuggestionArgs,
}

/// Result returned by the admin function.
#[derive(Deserialize)]
struct CommandOutput {
    ok: bool,
    text: String,
}

impl Admin {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let function = self.function.as_deref().filter(|name| !name.is_empty()).ok_or_else(|| {
            Failure::Usage(
                "the admin function is missing: set SLUICE_ADMIN_FUNCTION or use --function".into(),
            )
        })?;
        let read = |argument: Option<&str>| {
            let file = self.catalog_file(argument)?;
            std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))
        };
        let mut payload = payload(&self.words, read, &self.limits()).map_err(Failure::Usage)?;
        self.add_destinations(&mut payload).map_err(Failure::Usage)?;
        self.key_terms(&mut payload).map_err(Failure::Usage)?;
        self.suggestion.decided(&payload).add_to(&mut payload).map_err(Failure::Usage)?;
        let reply = invoke(function, &payload)?;
        match CommandOutput::deserialize(&reply) {
            Ok(answer) => Ok(Outcome::new(answer.text, reply).failed_if(!answer.ok)),
            Err(_) => {
                let why = reply["errorMessage"].as_str().map_or_else(|| reply.to_string(), str::to_owned);
                Err(Failure::Local(format!("the admin function failed: {why}")))
            }
        }
    }
}

impl Admin {
    fn limits(&self) -> [(&'static str, &Option<String>); 3] {
        [("from", &self.from), ("to", &self.to), ("tenant", &self.tenant)]
    }

    /// Returns the catalog file, from the argument or the option.
    fn catalog_file<'a>(&'a self, argument: Option<&'a str>) -> Result<&'a Path, String> {
        match (argument, &self.file) {
            (Some(_), Some(_)) => {
                Err("the catalog file is given twice: use either FILE or --file FILE".into())
            }
            (Some(file), None) => Ok(Path::new(file)),
            (None, Some(file)) => Ok(file),
            (None, None) => Ok(Path::new(DEFAULT_CATALOG)),
        }
    }

    /// Adds the options that apply to some commands only.
    fn key_terms(&self, event: &mut Value) -> Result<(), String> {
        let text = |value: &Option<String>| value.as_ref().map(|value| json!(value));
        let terms = [
            ("--datasets", "datasets", "keys create", self.datasets.as_ref().map(|names| json!(names))),
            ("--read-only", "readOnly", "keys create", self.read_only.then_some(json!(true))),
            ("--expires", "expires", "keys create or keys rotate", text(&self.expires)),
            ("--overlap", "overlap", "keys rotate or webhooks rotate", text(&self.overlap)),
            ("--events", "events", "webhooks add", self.events.as_ref().map(|names| json!(names))),
            ("--allow-removal", "allowRemoval", "catalog apply", self.allow_removal.then_some(json!(true))),
            ("--revision", "revision", "catalog show", text(&self.revision)),
        ];
        for (option, name, commands, value) in terms {
            let Some(value) = value else { continue };
            if !commands.split(" or ").any(|command| event["command"] == command) {
                return Err(format!("{option} is only valid with {commands}"));
            }
            event[name] = value;
        }
        Ok(())
    }
}

/// Returns the event for the words; `catalog` reads the file given as an argument, or else the one of the option.
/// Unknown words are left to the function to reject.
fn payload(
    words: &[String],
    catalog: impl FnOnce(Option<&str>) -> Result<String, String>,
    limits: &[(&str, &Option<String>)],
) -> Result<Value, String> {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    if let (Some((name, _)), false) = (
        limits.iter().find(|limit| limit.1.is_some()),
        matches!(words.first(), Some(&"invalidate" | &"usage")),
    ) {
        return Err(format!("--{name} is only valid with invalidate and usage"));
    }
    Ok(match words.as_slice() {
        ["invalidate", dataset] => limited(json!({"command": "invalidate", "dataset": dataset}), limits),
        ["usage"] => limited(json!({"command": "usage"}), limits),
        ["invalidate", ..] => {
            return Err("the dataset is missing: invalidate DATASET [--from DAY] [--to DAY]".into());
        }
        ["catalog", command @ ("check" | "apply")] => {
            json!({"command": format!("catalog {command}"), "catalog": catalog(None)?})
        }
        ["catalog", command @ ("check" | "apply"), file] => {
            json!({"command": format!("catalog {command}"), "catalog": catalog(Some(file))?})
        }
        ["destinations", "apply", file] => {
            json!({"command": "destinations apply", "destinations": catalog(Some(file))?})
        }
        ["destinations", command @ ("test" | "policy"), name] => {
            json!({"command": format!("destinations {command}"), "name": name})
        }
        ["destinations", "apply", ..] => return Err("the file is missing: destinations apply FILE".into()),
        ["destinations", command @ ("test" | "policy"), ..] => {
            return Err(format!("the destination is missing: destinations {command} NAME"));
        }
        ["destinations"] => return Err("use destinations apply FILE, list, test NAME or policy NAME".into()),
        ["catalog", command @ ("check" | "apply"), ..] => {
            return Err(format!("more than one catalog file: catalog {command} [FILE]"));
        }
        // The label is for people; without one the key is named as its tenant.
        ["keys", "create", tenant] => json!({"command": "keys create", "tenant": tenant, "label": tenant}),
        ["keys", "create", tenant, label @ ..] if !label.is_empty() => {
            json!({"command": "keys create", "tenant": tenant, "label": label.join(" ")})
        }
        ["keys", "create"] => return Err("the tenant is missing: keys create TENANT LABEL".into()),
        ["keys", "revoke", id] => json!({"command": "keys revoke", "id": id}),
        ["keys", "rotate", id] => json!({"command": "keys rotate", "id": id}),
        ["keys", word @ ("revoke" | "rotate"), ..] => {
            return Err(format!("the key ID is missing: keys {word} ID"));
        }
        ["tenants", "forget", tenant] => json!({"command": "tenants forget", "tenant": tenant}),
        ["tenants", ..] => return Err("the tenant ID is missing: tenants forget ID".into()),
        ["webhooks", words @ ..] => webhooks::event(words)?,
        ["checks"] => return Err("on or off is missing: checks on, or checks off".into()),
        words => json!({"command": words.join(" ")}),
    })
}

/// Adds the limits that are given to an event.
fn limited(mut event: Value, limits: &[(&str, &Option<String>)]) -> Value {
    for (name, value) in limits.iter().filter(|limit| limit.1.is_some()) {
        event[*name] = json!(value);
    }
    event
}

/// Returns the region in the ARN of a function; `None` for a name, whose region is that of the profile.
fn region_of(function: &str) -> Option<&str> {
    let mut parts = function.strip_prefix("arn:")?.split(':').skip(1);
    (parts.next() == Some("lambda")).then(|| parts.next()).flatten()
}

/// Runs `aws lambda invoke`. Payload and result are passed in files that only this user can read: a catalog may be
/// longer than an argument, and a result may contain a new key.
fn invoke(function: &str, payload: &Value) -> Result<Value, Failure> {
    let local = |what: &str, error: std::io::Error| Failure::Local(format!("{what}: {error}"));
    let file =
        || tempfile::NamedTempFile::new().map_err(|error| local("cannot create a temporary file", error));
    let (mut event, mut answer) = (file()?, file()?);
    write!(event, "{payload}")
        .and_then(|()| event.flush())
        .map_err(|e| local("cannot write a temporary file", e))?;
    let status = Command::new("aws")
        .args(["lambda", "invoke", "--function-name", function, "--output", "json"])
        .args(region_of(function).iter().flat_map(|region| ["--region", region]))
        // A migration may take minutes and must not be sent twice.
        .args(["--cli-read-timeout", "0", "--payload"])
        .arg(format!("fileb://{}", event.path().display()))
        .arg(answer.path())
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_PAGER", "")
        .stdout(Stdio::null())
        .status()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::Local("the aws command was not found; install the AWS CLI".into())
            }
            _ => local("the aws command cannot be started", error),
        })?;
    if !status.success() {
        return Err(Failure::Local(format!("aws lambda invoke failed ({status})")));
    }
    let mut text = String::new();
    answer.read_to_string(&mut text).map_err(|error| local("the response cannot be read", error))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Local(format!("the response is not valid JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Admin {
        Admin {
            words: vec![],
            function: None,
            file: None,
            from: None,
            to: None,
            datasets: None,
            read_only: false,
            expires: None,
            overlap: None,
            events: None,
            allow_removal: false,
            revision: None,
            tenant: None,
            suggestion: SuggestionArgs::default(),
        }
    }

    #[test]
    fn arn_contains_the_region() {
        assert_eq!(region_of("arn:aws:lambda:eu-west-1:123456789012:function:admin"), Some("eu-west-1"));
        assert_eq!(region_of("arn:aws:sqs:eu-west-1:123456789012:queue"), None);
        assert_eq!(region_of("sluice-prod-AdminFunction-1"), None);
    }

    #[test]
    fn options_are_accepted_only_with_their_commands() {
        let mut event = json!({"command": "catalog apply"});
        Admin { allow_removal: true, ..nothing() }.key_terms(&mut event).unwrap();
        assert_eq!(event["allowRemoval"], true);
        let mut event = json!({"command": "keys rotate"});
        let rotate = Admin { overlap: Some("1d".into()), expires: Some("never".into()), ..nothing() };
        rotate.key_terms(&mut event).unwrap();
        assert_eq!(event, json!({"command": "keys rotate", "overlap": "1d", "expires": "never"}));
        let refused = rotate.key_terms(&mut json!({"command": "keys create"})).unwrap_err();
        assert_eq!(refused, "--overlap is only valid with keys rotate or webhooks rotate");
        let show = Admin { revision: Some("00ff".into()), ..nothing() };
        assert!(show.key_terms(&mut json!({"command": "catalog apply"})).is_err());
        assert!(show.key_terms(&mut json!({"command": "catalog show"})).is_ok());
    }

    #[test]
    fn catalog_file_is_an_argument_or_an_option() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (first, second) = (path("a.toml", "a"), path("b.toml", "b"));
        let event = |words: &[&str], file: Option<&str>| {
            let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
            let admin = Admin { file: file.map(Into::into), ..nothing() };
            let read =
                |argument: Option<&str>| Ok(std::fs::read_to_string(admin.catalog_file(argument)?).unwrap());
            payload(&words, read, &[])
        };
        let apply = Ok(json!({"command": "catalog apply", "catalog": "a"}));
        assert_eq!(event(&["catalog", "apply", &first], None), apply);
        assert_eq!(event(&["catalog", "apply"], Some(&first)), apply);
        assert_eq!(
            event(&["catalog", "check", &second], None),
            Ok(json!({"command": "catalog check", "catalog": "b"}))
        );
        assert!(event(&["catalog", "apply", &first], Some(&second)).unwrap_err().contains("given twice"));
        assert!(event(&["catalog", "check", &first, &second], None).unwrap_err().contains("more than one"));
        assert_eq!(nothing().catalog_file(None), Ok(Path::new("catalog.toml")));
    }

    #[test]
    fn key_options_restrict_the_key() {
        let admin = Admin {
            datasets: Some(vec!["orders".into(), "clients".into()]),
            read_only: true,
            expires: Some("90d".into()),
            ..nothing()
        };
        let mut event = json!({"command": "keys create", "tenant": "acme"});
        admin.key_terms(&mut event).unwrap();
        assert_eq!(
            event,
            json!({"command": "keys create", "tenant": "acme", "datasets": ["orders", "clients"], "readOnly": true, "expires": "90d"})
        );
        assert!(admin.key_terms(&mut json!({"command": "pause"})).is_err());
    }

    #[test]
    fn arguments_become_the_admin_event() {
        let event = |words: &str| {
            let words: Vec<_> = words.split(' ').map(str::to_owned).collect();
            payload(&words, |_| Ok("[datasets]".into()), &[("from", &None)])
        };
        assert_eq!(event("migrate"), Ok(json!({"command": "migrate"})));
        assert_eq!(event("catalog apply"), Ok(json!({"command": "catalog apply", "catalog": "[datasets]"})));
        assert_eq!(
            event("keys create acme night job"),
            Ok(json!({"command": "keys create", "tenant": "acme", "label": "night job"}))
        );
        assert_eq!(event("tenants forget acme"), Ok(json!({"command": "tenants forget", "tenant": "acme"})));
        assert!(event("tenants forget").is_err() && event("keys rotate").is_err());
        assert_eq!(event("catalog show"), Ok(json!({"command": "catalog show"})));
        assert_eq!(event("keys revoke k1"), Ok(json!({"command": "keys revoke", "id": "k1"})));
        assert!(event("keys create").is_err());
        assert_eq!(event("invalidate orders"), Ok(json!({"command": "invalidate", "dataset": "orders"})));
        assert!(event("invalidate").is_err());
        let to = Some("2024-01-31".to_owned());
        let limited = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
            payload(&words, |_| Ok(String::new()), &[("to", &to)])
        };
        assert_eq!(
            limited(&["invalidate", "orders"]),
            Ok(json!({"command": "invalidate", "dataset": "orders", "to": "2024-01-31"}))
        );
        assert!(limited(&["pause"]).is_err());
    }
}
