//! One message, one attempt, one file.

fn main() {}
