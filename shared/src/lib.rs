//! The vocabulary of Direct Transfer: what client, app server and emulator must agree on. Pure: no sockets, no files, no threads.

pub mod bucket;
pub mod clock;
pub mod crc64;
pub mod credentials;
pub mod decision;
pub mod error;
pub mod fault;
pub mod font;
pub mod img;
pub mod object_key;
pub mod ram;
pub mod region;
pub mod secret;
pub mod sign;
pub mod sts;
pub mod timefmt;
pub mod token;
