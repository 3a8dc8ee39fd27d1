//! The store's rules, on a database of each test's own.

mod accept;
mod dispatch;
mod ends;
mod invalidate;
mod lease;
mod narrow;
mod race;
