//! Stories about the app server over real sockets, with an STS on loopback that checks every signature.
#![cfg(test)]

mod base_credentials;
mod cache;
mod config;
mod connections;
mod contract;
mod grants;
mod identity;
mod jwt;
mod operations;
mod postgres;
mod program;
mod reload;
mod sts_trouble;
mod support;
mod uploads;
mod v1;
