//! OSS, STS, RAM and IMG on this machine, enforcing for real.

pub mod img;
