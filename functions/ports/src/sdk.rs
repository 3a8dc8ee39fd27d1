//! What the AWS SDK's errors say, in words: their types do not leave this crate.

use std::error::Error;

use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// What the service said, or why it said nothing.
pub(crate) fn told<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => DisplayErrorContext(error).to_string(),
    }
}

/// Whether the service answered; else there is no way to it, or it is too slow.
pub(crate) fn answered<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some()
}
