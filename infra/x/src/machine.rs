//! This machine: folders, users, processes and their environment, installed programs, Python packages.

pub(crate) mod place;
pub(crate) mod prerequisites;
pub(crate) mod private;
pub(crate) mod process;
pub(crate) mod progress;
pub(crate) mod python;
pub(crate) mod signals;
pub(crate) mod surroundings;
pub(crate) mod user;
pub(crate) mod venv;
