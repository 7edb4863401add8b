//! Signing and verifying: pure functions of (request, key, time). Client and emulator share them; published vectors keep both honest.

pub mod acs3;
mod auth_error;
pub mod callback;
mod canonical;
mod client;
mod hash;
pub mod post_policy;
mod presented;
pub mod rpc;
pub mod v1;
pub mod v2;
pub mod v4;

pub use auth_error::AuthError;
pub use canonical::{Request, encode, encode_path};
pub use client::{SignVersion, Signed, Signer};
pub use hash::{hmac_sha1_base64, hmac_sha256};
pub use presented::{Mismatch, Place, Presented, Scheme, presented};

/// How far a header-signed request's time may be from the server's, in seconds (`oss-rest.md` §1.6).
pub const MAX_SKEW_SECONDS: i64 = 900;
/// The longest life of a V4 presigned URL, in seconds (`oss-rest.md` §1.5).
pub const MAX_PRESIGN_SECONDS: i64 = 604_800;
