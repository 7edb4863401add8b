//! Stories about the app server over real sockets, with an STS on loopback that checks every signature.
#![cfg(test)]

mod config;
mod contract;
mod grants;
mod identity;
mod program;
mod reload;
mod sts_trouble;
mod support;
