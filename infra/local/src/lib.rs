//! Runs the whole system on this machine: the built functions, the deployed template, PostgreSQL, a pooler.
//!
//! It links no function and does not talk to AWS or PostgreSQL itself: it starts and tracks processes, and leaves both
//! protocols to small Python scripts in `py/`.

pub mod cli;

mod admin;
mod bench;
mod binaries;
mod cdn;
mod chaos;
mod check;
mod cluster;
mod cost;
mod demo;
mod deny;
mod deploy;
mod emulator;
mod lint;
mod logs;
mod older;
mod pgbouncer;
mod place;
mod postgres;
mod prerequisites;
mod private;
mod process;
mod progress;
mod python;
mod redis;
mod restart;
mod sam;
mod sam_local;
mod secret;
mod signals;
mod stack;
mod stampede;
mod surroundings;
mod sustained;
mod test;
mod up;
mod user;
mod venv;
mod verify;
mod voice;
