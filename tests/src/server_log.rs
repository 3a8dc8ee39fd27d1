//! All messages of the functions to source and store through the pooler, read from the server's log, with the session
//! of each message.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};

use crate::System;
use crate::pinning::{Pin, pins, verbs};

/// Application names of Sluice's sessions: of the source, and of the store.
const OURS: [&str; 2] = ["sluice", "sluice-store"];

/// One message of the functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Pid of the session.
    pub pid: u32,
    /// True for a message to the store, false for one to the source.
    pub to_store: bool,
    /// Name of the statement, empty if it has none. `None` for the simple protocol, which has no parameters.
    pub name: Option<String>,
    /// Whole text.
    pub text: String,
}

/// Makes the server log the statements of both roles, in sessions that begin from now on.
///
/// # Errors
/// If the server refuses.
pub async fn listen(system: &System) -> Result<()> {
    // Values of parameters are not needed.
    let roles = ["sluice_source", "sluice_store"].map(|role| {
        format!(
            "alter role {role} set log_statement = 'all'; alter role {role} set log_parameter_max_length = 0"
        )
    });
    system.run(&roles.join("; ")).await?;
    system.x(&["restart", "pgbouncer"]).map(|_| ())
}

/// Reads all messages.
///
/// # Errors
/// If the log cannot be read.
pub fn heard(log: &Path) -> Result<Vec<Heard>> {
    let file = File::open(log).with_context(|| format!("cannot read {}", log.display()))?;
    let mut found: Vec<Heard> = Vec::new();
    let (mut ours, mut line) = (false, Vec::new());
    let mut reader = BufReader::new(file);
    while reader.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches('\n');
        match (text.strip_prefix('\t'), entry(text)) {
            // Continuation of a statement.
            (Some(more), _) if ours => {
                if let Some(last) = found.last_mut() {
                    last.text.push('\n');
                    last.text.push_str(more);
                }
            }
            (Some(_), _) => {}
            (None, one) => {
                ours = one.is_some();
                found.extend(one);
            }
        }
        line.clear();
    }
    // A pooler sets the client's application name and other parameters in the session. RDS Proxy does this in its own
    // way.
    found.retain(|one| !one.text.starts_with("SET ") || one.name.is_some());
    Ok(found)
}

/// Parses the first line of an entry, `TIME [PID] STATE APPLICATION ROLE@DATABASE LOG:  …`, if it is a message of
/// Sluice.
fn entry(line: &str) -> Option<Heard> {
    let (before, rest) = line.split_once("] ")?;
    let pid = before.rsplit_once('[')?.1.parse().ok()?;
    let (_state, rest) = rest.split_once(' ')?;
    let (application, rest) = rest.split_once(' ')?;
    let (_role, said) = rest.split_once(" LOG:  ")?;
    if !OURS.contains(&application) {
        return None;
    }
    let (how, text) = said.split_once(": ")?;
    let name = match how.strip_prefix("execute ") {
        Some("<unnamed>") => Some(String::new()),
        Some(name) => Some(name.to_owned()),
        None if how == "statement" => None,
        None => return None,
    };
    Some(Heard { pid, to_store: application == "sluice-store", name, text: text.to_owned() })
}

/// Returns the messages that would pin a session or break with a pooler: one line each, without duplicates.
pub fn faults(heard: &[Heard]) -> Vec<String> {
    let (mut inside, mut found) = (HashMap::new(), Vec::new());
    for one in heard {
        let mut wrong: Vec<String> = pins(&one.text)
            .into_iter()
            // A session of the source is one transaction of one attempt and ends with it, so a pinned one delays no
            // other client. Filter values are literals in a COPY, because it takes no parameters.
            .filter(|pin| one.to_store || *pin != Pin::TooLong)
            .map(|pin| format!("{pin:?}"))
            .collect();
        wrong.extend(one.name.as_ref().filter(|name| !name.is_empty()).map(|name| format!("named {name}")));
        let open = inside.entry(one.pid).or_insert(false);
        if one.name.is_some() && !*open {
            wrong.push("with parameters outside a transaction".to_owned());
        }
        for verb in verbs(&one.text) {
            match verb.as_str() {
                "begin" => *open = true,
                "commit" | "rollback" => *open = false,
                _ => {}
            }
        }
        if !wrong.is_empty() {
            let start: String = one.text.chars().take(200).collect();
            found.push(format!("{}: {start}", wrong.join(", ")));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> Vec<Heard> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, lines.join("\n")).unwrap();
        heard(&path).unwrap()
    }

    const AT: &str = "2026-11-24 12:00:00.123 UTC";

    #[test]
    fn a_log_is_read_message_by_message() {
        let lines = [
            format!("{AT} [7] 00000 sluice-store sluice_store@shop LOG:  statement: begin"),
            format!("{AT} [7] 00000 sluice-store sluice_store@shop LOG:  execute <unnamed>: -- Leases"),
            "\tupdate sluice.chunk".to_owned(),
            format!("{AT} [7] 00000 sluice-store sluice_store@shop DETAIL:  Parameters: $1 = '1'"),
            "\tof another entry".to_owned(),
            format!("{AT} [8] 00000 psql owner@shop LOG:  statement: discard all"),
            "\tof theirs".to_owned(),
            format!(
                "{AT} [9] 00000 sluice sluice_source@shop LOG:  statement: SET application_name='sluice';"
            ),
            format!("{AT} [9] 00000 sluice sluice_source@shop LOG:  execute sqlx_s_1: select 1"),
            format!("{AT} [1] 00000 [unknown] [unknown]@[unknown] LOG:  connection received"),
        ];
        let heard = log(&lines.each_ref().map(String::as_str));
        let said: Vec<_> = heard.iter().map(|h| (h.pid, h.to_store, h.name.as_deref(), &*h.text)).collect();
        assert_eq!(
            said,
            [
                (7, true, None, "begin"),
                (7, true, Some(""), "-- Leases\nupdate sluice.chunk"),
                (9, false, Some("sqlx_s_1"), "select 1"),
            ]
        );
        assert_eq!(faults(&heard), ["named sqlx_s_1, with parameters outside a transaction: select 1"]);
    }

    #[test]
    fn faults_are_reported_with_their_reason() {
        let one = |pid, to_store, name: Option<&str>, text: &str| Heard {
            pid,
            to_store,
            name: name.map(str::to_owned),
            text: text.to_owned(),
        };
        let long = format!("select '{}'", "x".repeat(20_000));
        let heard = [
            one(1, true, None, "begin"),
            one(2, true, Some(""), "select $1"),
            one(1, true, Some(""), "select $1"),
            one(1, true, None, "commit"),
            one(1, true, Some(""), "select $2"),
            one(3, false, None, "rollback; begin read only;\nselect 1"),
            one(3, false, Some(""), "select $3"),
            one(3, false, None, &long),
            one(1, true, None, &long),
            one(1, true, None, "discard all"),
        ];
        let found = faults(&heard);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(
            found[0].starts_with("Prepared: discard all") && found[1].starts_with("TooLong: "),
            "{found:?}"
        );
        assert!(
            found[2..].iter().all(|one| one.starts_with("with parameters outside a transaction")),
            "{found:?}"
        );
    }
}
