//! The least that a Lambda function in Rust can be. `cargo x bench cold` starts it beside the real ones, built as they are:
//! what these need more is what they do before they are ready.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async { Ok::<_, Error>(event.payload) })).await
}
