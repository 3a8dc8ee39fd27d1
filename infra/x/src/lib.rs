//! Runs the whole system on this machine: the built functions, the deployed template, PostgreSQL, a pooler.
//!
//! It links no function and does not talk to AWS or PostgreSQL itself: it starts and tracks processes, and leaves both
//! protocols to small Python scripts in `infra/emulator` and `infra/source`.
//!
//! Each module imports only modules listed after it.

pub mod cli;

mod bench;
mod commands;
mod verify;

mod stack;

mod binaries;

mod machine;
