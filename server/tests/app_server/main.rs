//! Stories about the app server over real sockets, with an STS on loopback that checks every signature.

mod config;
mod contract;
mod program;
mod sts_trouble;
mod support;
