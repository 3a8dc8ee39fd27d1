//! One message, one attempt, one file.
