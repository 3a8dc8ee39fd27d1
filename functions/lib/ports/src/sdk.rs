//! Text of the AWS SDK's errors, whose types are not exposed by this crate.

use std::error::Error;

use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// Returns the service's code and message, or the reason why it did not respond.
pub(crate) fn text<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => DisplayErrorContext(error).to_string(),
    }
}

/// Reports whether the service responded; otherwise there is no route to it, or it is too slow.
pub(crate) fn responded<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some()
}
