//! The `admin` Lambda. See the library.

use lambda_runtime::service_fn;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    ports::telemetry::init("admin");
    let context = &admin::Context::from_env()?;
    lambda_runtime::run(service_fn(|event| admin::handle(context, event))).await
}
