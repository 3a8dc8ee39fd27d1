//! The `worker` Lambda. See `worker::run`.

use lambda_runtime::service_fn;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    ports::telemetry::init("worker");
    let context = worker::Context::from_env()?;
    lambda_runtime::run(service_fn(|event| worker::handle(&context, event))).await
}
