//! The commands of `cargo x`, except `bench`. Each has its options next to it.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod check;
pub(crate) mod cost;
pub(crate) mod demo;
pub(crate) mod deploy;
pub(crate) mod deployment;
pub(crate) mod docs;
pub(crate) mod gallery;
pub(crate) mod invoke;
pub(crate) mod lint;
pub(crate) mod logs;
pub(crate) mod options;
pub(crate) mod sam;
pub(crate) mod sam_local;
pub(crate) mod service;
pub(crate) mod soak;
pub(crate) mod source_options;
pub(crate) mod stack;
pub(crate) mod test;
pub(crate) mod up;
