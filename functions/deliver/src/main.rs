//! The `deliver` Lambda. See `deliver::run`.

use lambda_runtime::service_fn;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    ports::telemetry::init("deliver");
    let context = deliver::Context::from_env()?;
    lambda_runtime::run(service_fn(|event| deliver::handle(&context, event))).await
}
