//! The `notify` Lambda. See `notify::handle`.

use lambda_runtime::service_fn;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    ports::telemetry::init("notify");
    let context = notify::Context::from_env()?;
    lambda_runtime::run(service_fn(|event| notify::handle(&context, event))).await
}
