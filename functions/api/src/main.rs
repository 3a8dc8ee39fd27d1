//! The HTTP face of Sluice.

fn main() {}
