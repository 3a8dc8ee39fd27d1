//! The `api` Lambda. See the library.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    ports::telemetry::init("api");
    api::run(api::Context::from_env()?).await
}
