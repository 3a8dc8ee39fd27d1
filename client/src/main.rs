//! The `sluice` command line. See `client::cli`.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    client::cli::run().await
}
