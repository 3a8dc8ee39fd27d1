//! Minimal Lambda function in Rust. `cargo x bench cold` starts it alongside the real ones, built in the same way:
//! the difference is the time they need for their own initialization.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async { Ok::<_, Error>(event.payload) })).await
}
