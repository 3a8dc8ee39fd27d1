//! The clock: puts right what was left half done.
