//! Every example in a help text is a command that `sluice` accepts.

use clap::{CommandFactory, FromArgMatches};

use super::import_calls::source::shell::{self, Command, Segment, literal};
use super::{Arguments, Failure};
use crate::testing::{Reply, Server};

const ID: &str = "07070707-0707-4707-8707-070707070707";

/// Commands that send a request and read no file. They are run, too.
const RUN: [&str; 9] =
    ["export", "plan", "list", "datasets", "status", "chunks", "cancel", "retry", "extend"];

/// Returns the lines of examples in a help text, without what is written after them.
fn lines(help: &str) -> Vec<String> {
    let block = help.split("Examples:\n").nth(1).unwrap_or_default();
    let block = block.split("\n\n").next().unwrap_or_default().replace("\\\n", " ");
    let command = |line: &str| line.trim().split("   ").next().unwrap_or_default().to_owned();
    block.lines().map(command).collect()
}

/// Adds the words of every `sluice` in these commands.
fn find(commands: &[Command], found: &mut Vec<Vec<String>>) {
    for command in commands {
        for segment in command.iter().flatten() {
            if let Segment::Output(inner) = segment {
                find(inner, found);
            }
        }
        let mut words: Vec<_> = command.iter().filter_map(literal).collect();
        if let Some(at) = words.iter().position(|word| word == "sluice") {
            // It adds the last word.
            words.extend((words[0] == "xargs").then(|| ID.to_owned()));
            let word = |word: &String| if word == "ID" { ID.to_owned() } else { word.clone() };
            found.push(words[at..].iter().map(word).collect());
        }
    }
}

/// Returns the error of a command, except that of the api or a file.
async fn error_of(words: &[String]) -> Option<String> {
    let server = Server::start(|_, _| Reply::new(500, r#"{"message": "stop"}"#));
    let folder = tempfile::tempdir().unwrap();
    let mut words = words.to_vec();
    if let Some(at) = words.iter().position(|word| word == "--out") {
        words[at + 1] = folder.path().join("out").display().to_string();
    }
    let words = [&["sluice", "--url", server.address.as_str(), "--key", "k"][..]]
        .concat()
        .into_iter()
        .chain(words[1..].iter().map(String::as_str));
    let matches = match Arguments::command().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) => return (error.exit_code() != 0).then(|| error.to_string()),
    };
    let arguments = Arguments::from_arg_matches(&matches).unwrap();
    if !matches.subcommand_name().is_some_and(|name| RUN.contains(&name)) {
        return None;
    }
    match Box::pin(arguments.command.run(&arguments.session.with_sources(&matches))).await {
        Err(Failure::Usage(text)) if !text.contains("cannot be read") => Some(text),
        _ => None,
    }
}

#[tokio::test]
async fn every_example_is_accepted() {
    let mut command = Arguments::command();
    command.build();
    let mut helps: Vec<_> =
        command.get_subcommands_mut().map(|one| one.render_long_help().to_string()).collect();
    helps.push(command.render_long_help().to_string());
    let mut examples = Vec::new();
    for line in helps.iter().flat_map(|help| lines(help)) {
        let before = examples.len();
        let (commands, _) = shell::line(&line).unwrap_or_else(|| panic!("{line}"));
        find(&commands, &mut examples);
        assert!(examples.len() > before || !line.contains("sluice "), "{line}");
    }
    assert!(examples.len() > 50, "{examples:?}");
    for words in examples {
        assert_eq!(error_of(&words).await, None, "{}", words.join(" "));
    }
}
