//! The `sluice` command line. Everything of interest is in `client::cli`.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    client::cli::run().await
}
