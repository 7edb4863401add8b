//! What the benchmarks share: servers in processes of their own, each on one core.

pub mod server;
