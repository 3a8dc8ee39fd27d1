//! This machine: folders, users, processes and their environment, installed programs, Python packages.

pub(crate) mod environment;
pub(crate) mod paths;
pub(crate) mod prerequisites;
pub(crate) mod process;
pub(crate) mod progress;
pub(crate) mod python;
pub(crate) mod secret_files;
pub(crate) mod signals;
pub(crate) mod url_arguments;
pub(crate) mod user;
pub(crate) mod venv;
