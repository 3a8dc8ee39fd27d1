//! URLs with passwords on the command line. Every user of a machine can read the command lines of its processes, so
//! `cargo x` replaces itself by a process that has such a URL in its environment, which other users cannot read.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use super::environment;

/// Beginning of a value that names the variable with the URL.
const IN_VARIABLE: &str = "env:";
/// Options whose value is a URL, with the variable that it is moved to. No child process inherits these variables.
const OPTIONS: [(&str, &str); 2] = [("--source", "SLUICE_X_SOURCE"), ("--owner", "SLUICE_X_OWNER")];

/// Replaces this process if its command line has a URL with a login. Returns if there is none.
///
/// # Errors
/// If the program cannot be started again.
pub(crate) fn hide() -> Result<()> {
    let mut arguments = env::args_os();
    let own_name = arguments.next().unwrap_or_default();
    let (kept, moved) = split(arguments.collect());
    if moved.is_empty() {
        return Ok(());
    }
    let program = env::current_exe().context("cannot determine the path of cargo x")?;
    let mut command = environment::with_aws(program);
    command.arg0(own_name).args(kept).envs(moved);
    Err(command.exec()).context("cannot start cargo x again without passwords on its command line")
}

/// Returns the URL that an option gives, directly or by the name of a variable.
///
/// # Errors
/// If the variable is not set.
pub(crate) fn url(option: &str, value: &str) -> Result<String> {
    match value.strip_prefix(IN_VARIABLE) {
        Some(name) => {
            env::var(name).with_context(|| format!("{option}: the variable {name} is not set, or is no text"))
        }
        None => Ok(value.to_owned()),
    }
}

/// Returns the arguments without URLs that have a login, and the variables with these URLs.
fn split(arguments: Vec<OsString>) -> (Vec<OsString>, Vec<(&'static str, OsString)>) {
    let (mut kept, mut moved): (Vec<OsString>, _) = (Vec::new(), Vec::new());
    let mut of_last = None;
    for argument in arguments {
        let last = of_last.take();
        if let Some(variable) = last.filter(|_| has_login(&argument)) {
            kept.push(format!("{IN_VARIABLE}{variable}").into());
            moved.push((variable, argument));
            continue;
        }
        let text = argument.to_str().unwrap_or_default();
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let variable = OPTIONS.iter().find(|(option, _)| *option == name).map(|(_, variable)| *variable);
        match (variable, value) {
            (Some(variable), Some(value)) if has_login(OsStr::new(value)) => {
                kept.push(format!("{name}={IN_VARIABLE}{variable}").into());
                moved.push((variable, value.into()));
            }
            (Some(variable), None) => {
                of_last = Some(variable);
                kept.push(argument);
            }
            _ => kept.push(argument),
        }
    }
    (kept, moved)
}

fn has_login(argument: &OsStr) -> bool {
    // Also a URL that is no text, which is refused later.
    let text = argument.to_string_lossy();
    text.contains("://") && (text.contains('@') || text.contains("password="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_with_a_login_leave_the_command_line() {
        let url = "postgres://me:secret@db/shop?sslmode=require";
        let owner = format!("--owner={url}");
        let words = ["up", "--source", url, &owner, "--name", "two"];
        let (kept, moved) = split(words.map(OsString::from).into());
        let expected =
            ["up", "--source", "env:SLUICE_X_SOURCE", "--owner=env:SLUICE_X_OWNER", "--name", "two"];
        assert_eq!(kept, expected.map(OsString::from));
        let value = OsString::from(url);
        assert_eq!(moved, [("SLUICE_X_SOURCE", value.clone()), ("SLUICE_X_OWNER", value)]);
    }

    #[test]
    fn other_arguments_stay() {
        for words in [
            &["up", "--source", "postgres:///shop"][..],
            &["up", "--source", "env:DATABASE_URL"],
            &["admin", "keys", "create", "a://b@c"],
            &["up", "--source"],
        ] {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            assert_eq!(split(words.clone()), (words, Vec::new()));
        }
    }

    #[test]
    fn variable_without_a_value_is_reported_by_name() {
        assert_eq!(url("--source", "postgres:///shop").unwrap(), "postgres:///shop");
        let error = url("--source", "env:SLUICE_NO_SUCH_VARIABLE").unwrap_err();
        assert!(error.to_string().contains("SLUICE_NO_SUCH_VARIABLE"), "{error}");
    }
}
