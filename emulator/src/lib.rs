//! OSS, STS, RAM and IMG on this machine, enforcing for real.

mod accounts;
mod authenticate;
mod authorize;
mod call;
mod callback;
mod caller;
mod control;
mod faults;
#[cfg(test)]
mod hostile;
pub mod img;
mod intake;
mod listen;
mod operation;
mod ops;
mod options;
mod oss;
mod pace;
mod post;
mod private_files;
mod recorder;
mod reply;
mod rules;
mod session;
mod settings;
mod start;
mod store;
mod sts;
mod sweep;
mod target;
mod tls;
mod xml;

pub use operation::support_table;
pub use options::Options;
pub use start::{Ready, Running, StartError, start};
pub use target::Cname;
pub use tls::TlsError;

/// A request id as OSS writes it: 24 upper-case hex digits.
fn request_id() -> String {
    let mut bytes = [0; 12];
    // Without randomness ids repeat, which harms nothing but reading a log.
    let _ = getrandom::fill(&mut bytes);
    hex::encode_upper(bytes)
}
