//! Calls of a script: literal variables and loops are followed, all else is passed over.

use std::collections::BTreeMap;

use super::shell::{self, Command, Segment, Word, literal};
use super::{Call, curl, glob, is_address, named_method, without_scheme};

/// Maximum number of calls of one file.
const MAX_CALLS: usize = 100_000;

/// Maximum depth of loops, substitutions and commands in quotes.
const MAX_DEPTH: usize = 16;

/// Words that only begin a command.
const KEYWORDS: [&str; 10] = ["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"];

/// Commands that set variables.
const DECLARATIONS: [&str; 5] = ["export", "readonly", "local", "declare", "typeset"];

/// Commands that call no API, whatever their words are.
const OTHERS: [&str; 6] = ["echo", "printf", "which", "type", "git", "man"];

/// Commands that run the command in a word.
const RUNNING: [&str; 7] = ["sh", "bash", "zsh", "dash", "eval", "ssh", "xargs"];

/// One step of a file.
pub(super) enum Step {
    /// Call that a line has by itself.
    Call(Call),
    /// Command of a shell.
    Command(Command),
}

/// Calls of the steps so far, and the variables.
#[derive(Default)]
pub(super) struct Script {
    variables: BTreeMap<String, String>,
    depth: usize,
    pub(super) calls: Vec<Call>,
}

impl Script {
    /// Runs the steps.
    pub(super) fn run(&mut self, steps: &[Step]) {
        let mut at = 0;
        while at < steps.len() && self.calls.len() < MAX_CALLS {
            match &steps[at] {
                Step::Call(call) => self.calls.push(call.clone()),
                Step::Command(command) => match self.loop_of(command) {
                    Some((name, values)) if self.depth < MAX_DEPTH => {
                        let end = end_of_loop(steps, at);
                        self.repeat(&name, &values, &steps[at + 1..end]);
                        at = end;
                    }
                    _ => self.command(command),
                },
            }
            at += 1;
        }
    }

    fn repeat(&mut self, name: &str, values: &[Option<String>], body: &[Step]) {
        self.depth += 1;
        for value in values {
            match value {
                Some(value) => drop(self.variables.insert(name.to_owned(), value.clone())),
                None => drop(self.variables.remove(name)),
            }
            self.run(body);
            if self.calls.len() >= MAX_CALLS {
                break;
            }
        }
        self.depth -= 1;
    }

    /// Returns the variable and the values of `for NAME in WORDS`; `None` is a value that is not known.
    fn loop_of(&self, command: &Command) -> Option<(String, Vec<Option<String>>)> {
        let [head, name, within, values @ ..] = bare(command) else { return None };
        let is_loop = literal(head)? == "for" && literal(within)? == "in";
        is_loop
            .then(|| Some((literal(name)?, values.iter().flat_map(|value| self.values(value)).collect())))?
    }

    /// Returns the words that a word of a loop stands for: `{01..12}`, `$(seq 1 12)`, or itself.
    fn values(&self, word: &Word) -> Vec<Option<String>> {
        let known = |values: Vec<String>| values.into_iter().map(Some).collect();
        if let [Segment::Output(commands)] = word.as_slice() {
            let numbers = match commands.as_slice() {
                [command] => {
                    command.iter().map(literal).collect::<Option<Vec<_>>>().and_then(|words| seq(&words))
                }
                _ => None,
            };
            return numbers.map_or(vec![None], known);
        }
        let Some(text) = self.expanded(word) else { return vec![None] };
        let braces = || {
            let (before, rest) = text.split_once('{')?;
            let (inner, after) = rest.split_once('}')?;
            let values = match inner.split_once("..") {
                Some((first, last)) => glob::sequence(first, last)?,
                None => inner.split(',').map(str::to_owned).collect(),
            };
            Some(known(values.iter().map(|value| format!("{before}{value}{after}")).collect()))
        };
        // A variable with several words, as scripts list the names of endpoints.
        let split = || known(text.split_whitespace().map(str::to_owned).collect());
        braces().unwrap_or_else(split)
    }

    fn command(&mut self, command: &Command) {
        self.run_inner(command);
        let words = bare(command);
        let declares =
            words.first().and_then(literal).is_some_and(|word| DECLARATIONS.contains(&word.as_str()));
        let words = &words[usize::from(declares)..];
        let assigned = words.iter().take_while(|word| assignment(word).is_some()).count();
        if declares || assigned == words.len() {
            words.iter().filter_map(assignment).for_each(|(name, value)| match self.expanded(&value) {
                Some(value) => drop(self.variables.insert(name, value)),
                None => drop(self.variables.remove(&name)),
            });
            return;
        }
        let words: Vec<_> = words[assigned..].iter().map(|word| self.shown(word)).collect();
        let first = base_name(&words[0]);
        if OTHERS.contains(&first) {
            return;
        }
        if words.iter().any(|word| RUNNING.contains(&base_name(word))) && self.depth < MAX_DEPTH {
            for word in words.iter().filter(|word| word.contains("curl ")) {
                self.depth += 1;
                self.run(&super::steps(word));
                self.depth -= 1;
            }
        }
        if let Some(at) = words.iter().position(|word| matches!(base_name(word), "curl" | "curl.exe")) {
            let found = curl::calls(&words[at + 1..]);
            // Elsewhere the word is the name of a package, for example.
            self.calls.extend(found.into_iter().filter(|call| at == 0 || call.text != "curl"));
            return;
        }
        let method = named_method(&words);
        let sole = if let [word] = words.as_slice() { without_scheme(word) } else { None };
        let urls =
            words.iter().filter(|word| is_address(word)).map(|word| word.trim_end_matches([',', ';', ')']));
        self.calls.extend(urls.map(str::to_owned).chain(sole).map(|url| super::call(&method, &url)));
    }

    /// Runs the commands of the substitutions in a command.
    fn run_inner(&mut self, command: &Command) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        for segment in command.iter().flatten() {
            if let Segment::Output(commands) = segment {
                let steps: Vec<_> = commands.iter().cloned().map(Step::Command).collect();
                self.run(&steps);
            }
        }
        self.depth -= 1;
    }

    /// Returns the text of a word if all its variables are known.
    fn expanded(&self, word: &Word) -> Option<String> {
        let text = |segment: &Segment| match segment {
            Segment::Text(text) => Some(text.clone()),
            Segment::Variable(name, default) => self.variables.get(name).or(default.as_ref()).cloned(),
            Segment::Output(_) => None,
        };
        word.iter().map(text).collect()
    }

    /// Returns the text of a word, in which unknown variables keep their names.
    fn shown(&self, word: &Word) -> String {
        let text = |segment: &Segment| match segment {
            Segment::Text(text) => text.clone(),
            Segment::Variable(name, default) => {
                self.variables.get(name).or(default.as_ref()).cloned().unwrap_or_else(|| format!("${name}"))
            }
            Segment::Output(_) => "$(…)".to_owned(),
        };
        word.iter().map(text).collect()
    }
}

/// Returns a command without its leading keywords.
fn bare(command: &Command) -> &[Word] {
    let is_keyword = |word: &&Word| literal(word).is_some_and(|word| KEYWORDS.contains(&word.as_str()));
    &command[command.iter().take_while(is_keyword).count()..]
}

/// Returns the position of the `done` that ends the loop at `at`, or of the last step.
fn end_of_loop(steps: &[Step], at: usize) -> usize {
    let mut depth = 0_usize;
    for (i, step) in steps.iter().enumerate().skip(at) {
        let Step::Command(command) = step else { continue };
        let mut words = command.iter().filter_map(literal);
        let opens =
            words.find(|word| !matches!(word.as_str(), "do" | "then" | "else" | "if" | "!" | "{" | "time"));
        match opens.as_deref() {
            Some("for" | "while" | "until" | "select") => depth += 1,
            Some("done") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return i;
        }
    }
    steps.len()
}

/// Returns name and value of an assignment.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let [Segment::Text(text), rest @ ..] = word.as_slice() else { return None };
    let (name, value) = text.split_once('=')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named = name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(is_name);
    named.then(|| (name.to_owned(), [&[Segment::Text(value.to_owned())][..], rest].concat()))
}

/// Returns the numbers that `seq FIRST LAST` prints.
fn seq(words: &[String]) -> Option<Vec<String>> {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["seq", last] => glob::sequence("1", last),
        ["seq", "-w", first, last] => glob::sequence(&format!("{first:0>width$}", width = last.len()), last),
        ["seq", first, last] => glob::sequence(first.trim_start_matches('0'), last),
        _ => None,
    }
}

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Reads the commands of a line that may have an open quote.
pub(super) fn commands(line: &str) -> Vec<Step> {
    let found = shell::line(line).map(|(commands, _)| commands);
    found.unwrap_or_else(|| shell::unclosed(line)).into_iter().map(Step::Command).collect()
}
