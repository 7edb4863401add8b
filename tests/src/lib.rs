//! What the stories share: an emulator on a clock of its own, and requests signed by hand, so that they can be wrong on purpose.

#![allow(clippy::expect_used)] // helpers of tests, where a surprise is a failure

mod proxy;
mod raw;
mod stage;

pub use proxy::{Proxy, Trouble};
pub use raw::{Answer, Ask};
pub use stage::{Stage, token_policy};
