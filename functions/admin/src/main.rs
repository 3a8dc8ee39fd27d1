//! The `admin` Lambda, and the one that bootstraps the database in a deployment. See the library.

use lambda_runtime::service_fn;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    ports::telemetry::init("admin");
    if let Some(bootstrap) = &admin::Bootstrap::from_env()? {
        return lambda_runtime::run(service_fn(|event| bootstrap.handle(event))).await;
    }
    let context = &admin::Context::from_env()?;
    lambda_runtime::run(service_fn(|event| admin::handle(context, event))).await
}
