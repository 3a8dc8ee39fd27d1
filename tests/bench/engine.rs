//! Program measured by `cargo x bench`: the code of a worker's attempt, without store and queue, and the bucket that
//! receives its files.

mod arguments;
mod attempt;
mod plan;
mod resolve;
mod sink;

use anyhow::Result;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["plan"] => plan::run(),
        ["sink"] => Ok(sink::serve()?),
        ["resolve", url, relation] => resolve::run(url, relation),
        ["run", url, dataset, rest @ ..] => attempt::run(url, dataset, &arguments::parse(rest)?),
        _ => anyhow::bail!(
            "usage: engine plan | sink | resolve URL SCHEMA.TABLE | run URL DATASET.json FORMAT COMPRESSION null|s3|FILE [THREADS]"
        ),
    }
}
