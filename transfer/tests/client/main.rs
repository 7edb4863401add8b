//! The client against a small scripted OSS that verifies every signature.

// Helpers of tests stand outside of `#[test]` functions, where clippy would let them fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod downloads;
mod events;
mod fake;
mod objects;
mod records;
mod resume;
mod retries;
mod spawned;
mod store;
mod tokens;
mod uploads;
