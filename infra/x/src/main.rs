//! `cargo x`: the single entry point for developers. The code is in the library.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match x::cli::run(x::cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
