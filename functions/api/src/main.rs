//! The `api` Lambda. Everything of interest is in the library.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    ports::telemetry::init();
    let context = api::Context::from_env()?;
    lambda_http::run(api::service(context)).await
}
