//! Calls to the functions of a stack: any function with JSON, the admin function with words.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::state::Stack;
use crate::machine::python;
use crate::machine::venv::Venv;

/// Invokes the admin function. A response that is not ok is an error.
pub(crate) fn expect(stack: &Stack, venv: &Venv, words: &[&str]) -> Result<Value> {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let answer = ask(stack, venv, &words)?;
    if !ok(&answer) {
        bail!("admin {} failed:\n{}", words.join(" "), text(&answer));
    }
    Ok(answer)
}

/// Invokes the admin function with these words. Its response may report a failure. A crash is an error.
pub(crate) fn ask(stack: &Stack, venv: &Venv, words: &[String]) -> Result<Value> {
    let result = call(stack, venv, "admin", &request(words)?)?;
    if let Some(kind) = result["error"].as_str() {
        bail!("admin crashed ({kind}): {}\n{}", result["answer"], result["log"].as_str().unwrap_or_default());
    }
    Ok(result["answer"].clone())
}

/// Invokes a function. The result has its response, its error type if it crashed, and the last lines of its log.
pub(crate) fn call(stack: &Stack, venv: &Venv, function: &str, payload: &Value) -> Result<Value> {
    let name =
        stack.functions.get(function).with_context(|| format!("the stack has no function {function}"))?;
    python::call(
        &venv.python(),
        "emulator/invoke.py",
        &json!({"stack": stack, "function": name, "payload": payload}),
    )
}

/// Translates the words of the command line into the event of the admin function.
fn request(words: &[String]) -> Result<Value> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        ["catalog", command @ ("apply" | "check"), terms @ ..] => catalog(command, terms)?,
        ["catalog", "show"] => json!({"command": "catalog show"}),
        ["catalog", "show", "--revision", id] => json!({"command": "catalog show", "revision": id}),
        ["catalog", "suggest", terms @ ..] => suggestion(terms)?,
        ["keys", "create", tenant, terms @ ..] => new_key(tenant, terms)?,
        ["invalidate", dataset, limits @ ..] => {
            limited(json!({"command": "invalidate", "dataset": dataset}), limits, "invalidate DATASET")?
        }
        ["usage", limits @ ..] => limited(json!({"command": "usage"}), limits, "usage")?,
        ["keys", "rotate", id, terms @ ..] => {
            let mut event = json!({"command": "keys rotate", "id": id});
            for term in terms.chunks(2) {
                match term {
                    ["--overlap", time] => event["overlap"] = json!(time),
                    ["--expires", time] => event["expires"] = json!(time),
                    other => bail!(
                        "unknown argument {}: keys rotate ID [--overlap TIME] [--expires TIME]",
                        other.join(" ")
                    ),
                }
            }
            event
        }
        ["destinations", "apply", file] => {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
            json!({"command": "destinations apply", "destinations": text})
        }
        ["destinations", command @ ("test" | "policy"), name] => {
            json!({"command": format!("destinations {command}"), "name": name})
        }
        ["webhooks", "add", tenant, name, url, terms @ ..] => {
            let mut event = json!({"command": "webhooks add", "tenant": tenant, "name": name, "url": url});
            match terms {
                [] => {}
                ["--events", names] => event["events"] = json!(names.split(',').collect::<Vec<_>>()),
                _ => bail!("use webhooks add TENANT NAME URL [--events NAMES]"),
            }
            event
        }
        ["webhooks", command, tenant, name, terms @ ..] => {
            let mut event = json!({"command": format!("webhooks {command}"), "tenant": tenant, "name": name});
            match terms {
                [] => {}
                ["--overlap", time] => event["overlap"] = json!(time),
                [id] => event["event"] = json!(id),
                _ => bail!("use webhooks {command} TENANT NAME"),
            }
            event
        }
        ["tenants", "forget", tenant] => json!({"command": "tenants forget", "tenant": tenant}),
        ["keys", "revoke", id] => json!({"command": "keys revoke", "id": id}),
        other => json!({"command": other.join(" ")}),
    })
}

/// Adds `[--from DAY] [--to DAY] [--tenant ID]` to the event of a command.
fn limited(mut event: Value, limits: &[&str], command: &str) -> Result<Value> {
    for limit in limits.chunks(2) {
        match limit {
            ["--from", day] => event["from"] = json!(day),
            ["--to", day] => event["to"] = json!(day),
            ["--tenant", tenant] => event["tenant"] = json!(tenant),
            other => {
                bail!("unknown argument {}: {command} [--from DAY] [--to DAY] [--tenant ID]", other.join(" "))
            }
        }
    }
    Ok(event)
}

/// Parses `catalog check|apply FILE`, or `--file FILE` as in `sluice admin`, and `--allow-removal`.
fn catalog(command: &str, terms: &[&str]) -> Result<Value> {
    let usage =
        format!("catalog {command} FILE{}", if command == "apply" { " [--allow-removal]" } else { "" });
    let (mut file, mut allow_removal) = (None, false);
    for term in terms {
        match *term {
            "--file" => {}
            "--allow-removal" if command == "apply" => allow_removal = true,
            other if other.starts_with("--") || file.is_some() => bail!("{other} is not known: {usage}"),
            name => file = Some(name),
        }
    }
    let file = file.unwrap_or("catalog.toml");
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}; {usage}"))?;
    let mut event = json!({"command": format!("catalog {command}"), "catalog": text});
    if allow_removal {
        event["allowRemoval"] = json!(true);
    }
    let beside = Path::new(file).with_file_name("destinations.toml");
    if command == "apply" && beside.exists() {
        let text =
            fs::read_to_string(&beside).with_context(|| format!("cannot read {}", beside.display()))?;
        event["destinations"] = json!(text);
    }
    Ok(event)
}

/// Parses `catalog suggest [--schema A,B] [--tenant-column NAME] [--shared] [--time-zone ZONE]`.
fn suggestion(terms: &[&str]) -> Result<Value> {
    let mut event = json!({"command": "catalog suggest"});
    let mut terms = terms.iter();
    while let Some(&term) = terms.next() {
        let mut value = || terms.next().with_context(|| format!("{term} needs a value"));
        match term {
            "--schema" => event["schemas"] = json!(value()?.split(',').collect::<Vec<_>>()),
            "--tenant-column" => event["tenantColumn"] = json!(value()?),
            "--time-zone" => event["timeZone"] = json!(value()?),
            "--shared" => event["shared"] = json!(true),
            other => bail!(
                "unknown argument {other}: catalog suggest [--schema A,B] [--tenant-column NAME] [--shared] [--time-zone ZONE]"
            ),
        }
    }
    Ok(event)
}

/// Parses `keys create TENANT [LABEL] [--datasets A,B] [--read-only] [--expires TIME]`.
fn new_key(tenant: &str, terms: &[&str]) -> Result<Value> {
    let mut event = json!({"command": "keys create", "tenant": tenant, "label": tenant});
    let mut terms = terms.iter();
    while let Some(&term) = terms.next() {
        let mut value = || terms.next().with_context(|| format!("{term} needs a value"));
        match term {
            "--datasets" => event["datasets"] = json!(value()?.split(',').collect::<Vec<_>>()),
            "--expires" => event["expires"] = json!(value()?),
            "--read-only" => event["readOnly"] = json!(true),
            other if other.starts_with("--") => bail!(
                "unknown argument {other}: keys create TENANT [LABEL] [--datasets A,B] [--read-only] [--expires TIME]"
            ),
            label => event["label"] = json!(label),
        }
    }
    Ok(event)
}

/// Returns true if a response of the admin function reports success.
pub(crate) fn ok(answer: &Value) -> bool {
    answer["ok"] == true
}

/// Returns the lines of a response.
pub(crate) fn text(answer: &Value) -> String {
    answer["text"].as_str().map_or_else(|| answer.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &str) -> Value {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        request(&words).unwrap_or_default()
    }

    #[test]
    fn arguments_become_an_admin_command() {
        assert_eq!(said("migrate"), json!({"command": "migrate"}));
        assert_eq!(said("keys list"), json!({"command": "keys list"}));
        assert_eq!(
            said("usage --from 2024-01-01 --tenant acme"),
            json!({"command": "usage", "from": "2024-01-01", "tenant": "acme"})
        );
        assert_eq!(said("keys revoke 7"), json!({"command": "keys revoke", "id": "7"}));
        assert_eq!(
            said("invalidate orders --from 2024-01-01 --tenant demo"),
            json!({"command": "invalidate", "dataset": "orders", "from": "2024-01-01", "tenant": "demo"})
        );
        assert_eq!(
            said("keys create demo laptop"),
            json!({"command": "keys create", "tenant": "demo", "label": "laptop"})
        );
        assert_eq!(
            said("keys create demo --datasets a,b --read-only --expires 90d"),
            json!({"command": "keys create", "tenant": "demo", "label": "demo", "datasets": ["a", "b"], "readOnly": true, "expires": "90d"})
        );
        assert_eq!(said("keys create demo --expires"), json!(null));
        assert_eq!(
            said("keys rotate 7 --overlap 1d --expires never"),
            json!({"command": "keys rotate", "id": "7", "overlap": "1d", "expires": "never"})
        );
        assert_eq!(
            said("catalog suggest --schema a,b --tenant-column account --time-zone UTC --shared"),
            json!({"command": "catalog suggest", "schemas": ["a", "b"], "tenantColumn": "account", "timeZone": "UTC", "shared": true})
        );
        assert_eq!(said("catalog suggest shop"), json!(null));
        assert_eq!(said("tenants forget acme"), json!({"command": "tenants forget", "tenant": "acme"}));
        assert_eq!(
            said("catalog show --revision 00ff"),
            json!({"command": "catalog show", "revision": "00ff"})
        );
    }

    #[test]
    fn catalog_file_is_an_argument_or_an_option() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let name = file.path().to_str().unwrap();
        let apply = json!({"command": "catalog apply", "catalog": "", "allowRemoval": true});
        assert_eq!(said(&format!("catalog apply {name} --allow-removal")), apply);
        assert_eq!(said(&format!("catalog apply --allow-removal --file {name}")), apply);
        assert_eq!(
            said(&format!("catalog check {name}")),
            json!({"command": "catalog check", "catalog": ""})
        );
        assert_eq!(said(&format!("catalog check {name} --allow-removal")), json!(null));
    }
}
