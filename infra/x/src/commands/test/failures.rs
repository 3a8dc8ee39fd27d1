//! Failed tests of a `cargo test` run, repeated after its output: the reason must not be thousands of lines above the
//! end.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

/// Tests whose output is repeated. Of further ones only the names are.
const MAX_TESTS: usize = 8;
/// Lines repeated of one test, from the end of its output, where its panic is.
const MAX_LINES: usize = 16;

/// Failed tests in the order of their output, each with what it printed.
#[derive(Default)]
pub(super) struct Failures {
    tests: Vec<(String, Vec<String>)>,
    /// True while lines belong to the last test.
    inside: bool,
}

/// Runs `cargo test` and passes its output on to `printed`. Returns its status and the tests that failed.
pub(super) fn run(cargo: &mut Command, mut printed: impl Write) -> Result<(ExitStatus, Failures)> {
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let mut failures = Failures::default();
    if let Some(output) = child.stdout.take() {
        // Bytes, because a test may print what is no UTF-8.
        for line in BufReader::new(output).split(b'\n') {
            let line = line.context("cannot read the output of cargo")?;
            printed.write_all(&line)?;
            printed.write_all(b"\n")?;
            failures.read(&String::from_utf8_lossy(&line));
        }
    }
    Ok((child.wait().context("cannot wait for cargo")?, failures))
}

impl Failures {
    /// Reads one line of the output.
    fn read(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            self.tests.push((name.to_owned(), Vec::new()));
            self.inside = true;
        } else if line == "failures:" || line == "stack backtrace:" {
            // A list of the names follows the output of the tests, and the output follows a line of the same text. A
            // backtrace is last, and longer than everything before it.
            self.inside = false;
        } else if self.inside
            && let Some((_, lines)) = self.tests.last_mut()
        {
            lines.push(line.to_owned());
        }
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, lines)) in self.tests.iter().enumerate() {
            writeln!(f, "✗ {name}")?;
            if i < MAX_TESTS {
                let lines: Vec<_> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
                for line in lines.iter().skip(lines.len().saturating_sub(MAX_LINES)) {
                    writeln!(f, "    {line}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str) -> String {
        let mut failures = Failures::default();
        output.lines().for_each(|line| failures.read(line));
        failures.to_string()
    }

    #[test]
    fn failed_tests_are_repeated_with_their_panics() {
        let output = "running 2 tests\ntest a::fails ... FAILED\ntest b ... ok\n\nfailures:\n\n\
                      ---- a::fails stdout ----\n\nthread 'a::fails' panicked at src/a.rs:1:2:\nleft is not right\n\
                      stack backtrace:\n   0: core\n\n\nfailures:\n    a::fails\n\ntest result: FAILED. 1 passed; 1 failed\n";
        let repeated = "✗ a::fails\n    thread 'a::fails' panicked at src/a.rs:1:2:\n    left is not right\n";
        assert_eq!(read(output), repeated);
    }

    #[test]
    fn long_output_is_cut_at_its_beginning() {
        let lines: Vec<_> = (0..100).map(|i| format!("line {i}")).collect();
        let repeated = read(&format!("---- a stdout ----\n{}\nfailures:\n    a\n", lines.join("\n")));
        assert!(repeated.ends_with("    line 99\n") && !repeated.contains("line 50"), "{repeated}");
        assert_eq!(repeated.lines().count(), 1 + MAX_LINES);
    }

    #[test]
    fn output_is_passed_on_and_read() -> Result<()> {
        let mut command = Command::new("printf");
        command.args(["%s\\n", "---- a stdout ----", "reason", "failures:"]);
        let mut printed = Vec::new();
        let (status, failures) = run(&mut command, &mut printed)?;
        assert!(status.success());
        assert_eq!(printed, b"---- a stdout ----\nreason\nfailures:\n");
        assert_eq!(failures.to_string(), "✗ a\n    reason\n");
        Ok(())
    }
}
