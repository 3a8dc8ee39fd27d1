//! Catalog of the user's own server: a file that is suggested once, belongs to the user, and is applied at each start.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use export::count::count;
use serde::Deserialize;

use super::OwnSourceSpec;
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::stack::admin;
use crate::stack::state::{Stack, name_option};

/// Datasets in force by name.
pub(crate) type Datasets = BTreeMap<String, Estimate>;

/// Estimate of a whole dataset.
#[derive(Clone, Deserialize)]
pub(crate) struct Estimate {
    /// Bytes of binary COPY of the whole dataset.
    pub(crate) bytes: u64,
}

/// Returns the first lines of the file: unlike a suggestion that is only printed, it is applied at once.
fn head(file: &str, stack: &str) -> String {
    let option = name_option(stack);
    format!(
        "# `cargo x up --source` wrote this file, applied it, and applies it again at each start.\n\
         # After a change: cargo x admin{option} catalog check {file} && cargo x admin{option} catalog apply {file}\n#\n"
    )
}

/// Applies the file, which is suggested first if it does not exist. Returns the datasets; none if the catalog was
/// refused, which is printed: the user changes the file and applies it.
pub(super) fn apply(spec: &OwnSourceSpec<'_>, stack: &Stack, venv: &Venv) -> Result<Datasets> {
    let file = &spec.catalog;
    let name = file.display().to_string();
    if !file.exists() {
        let step = Step::start("Suggesting a catalog from the server's own");
        let mut words = vec!["catalog", "suggest"];
        words.extend(spec.schemas.iter().flat_map(|schemas| ["--schema", schemas]));
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let answer = admin::ask(stack, venv, &words)?;
        let text = admin::text(&answer);
        if !admin::ok(&answer) {
            bail!("no catalog can be suggested: {text}");
        }
        fs::write(file, head(&name, &stack.name) + &text + "\n")
            .with_context(|| format!("cannot write {name}"))?;
        let number = |name: &str| answer["data"][name].as_u64().unwrap_or_default();
        let left_out = count(number("leftOut"), "relation");
        step.done(&format!(
            "{} in {name}; {left_out} left out, with reasons",
            count(number("datasets"), "dataset")
        ));
    }
    let step = Step::start(&format!("Applying {name}"));
    let words = ["catalog".to_owned(), "apply".to_owned(), name.clone()];
    let answer = admin::ask(stack, venv, &words)?;
    if !admin::ok(&answer) {
        step.done("refused");
        eprintln!(
            "{}\n  → change {name}, then: cargo x admin{} catalog apply {name}",
            admin::text(&answer),
            name_option(&stack.name)
        );
        return Ok(Datasets::new());
    }
    let datasets: Datasets =
        serde_json::from_value(answer["data"]["datasets"].clone()).context("admin printed no datasets")?;
    step.done(&count(datasets.len() as u64, "dataset"));
    Ok(datasets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_catalog_says_that_it_is_in_force() {
        let head = head("two.catalog.toml", "two");
        assert!(
            head.contains("applied it") && head.contains("--name two catalog apply two.catalog.toml"),
            "{head}"
        );
        assert!(head.lines().all(|line| line.starts_with('#')));
    }
}
