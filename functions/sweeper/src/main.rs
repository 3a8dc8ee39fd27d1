//! The `sweeper` Lambda. See `sweeper::sweep`.

use lambda_runtime::service_fn;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    ports::telemetry::init("sweeper");
    let context = sweeper::Context::from_env()?;
    lambda_runtime::run(service_fn(|event| sweeper::handle(&context, event))).await
}
