//! The typed client of Sluice.
