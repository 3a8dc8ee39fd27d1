//! The outside world of Sluice.
