//! Emulator, app server and window in one process.

pub mod picture;
