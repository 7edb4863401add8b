//! PostObject: the form's fields, its signature, and its policy (`oss-rest.md` §1.7, §2.5). The base64 text of the
//! policy is itself what is signed.

mod condition;
mod document;
mod fields;
mod presented;
mod size;

use super::hash::hmac_sha1_base64;
use super::v2;
use super::v4::{self, Scope};
use crate::secret::{Secret, constant_time_eq};

pub use document::{PolicyError, PostPolicy, Upload};
pub use fields::FormFields;
pub use presented::{FormAuthError, MISMATCH_EC, PresentedForm};
pub use size::{MAX_OBJECT_BYTES, SizeLimits};

/// The form field `Signature` of a V1 form: base64(HMAC-SHA1(secret, policy)).
pub fn sign_v1(secret: &Secret, policy_base64: &str) -> String {
    hmac_sha1_base64(secret.expose().as_bytes(), policy_base64.as_bytes())
}

/// The form field `x-oss-signature` of a V2 form: base64(HMAC-SHA256(secret, policy)).
pub fn sign_v2(secret: &Secret, policy_base64: &str) -> String {
    v2::sign(secret, policy_base64)
}

/// The form field `x-oss-signature` of a V4 form.
pub fn sign_v4(secret: &Secret, scope: &Scope, policy_base64: &str) -> String {
    v4::sign(secret, scope, policy_base64)
}

/// Whether `signature` is the V1 signature of the policy.
pub fn verify_v1(secret: &Secret, policy_base64: &str, signature: &str) -> bool {
    constant_time_eq(sign_v1(secret, policy_base64).as_bytes(), signature.as_bytes())
}

/// Whether `signature` is the V2 signature of the policy.
pub fn verify_v2(secret: &Secret, policy_base64: &str, signature: &str) -> bool {
    constant_time_eq(sign_v2(secret, policy_base64).as_bytes(), signature.as_bytes())
}

/// Whether `signature` is the V4 signature of the policy.
pub fn verify_v4(secret: &Secret, scope: &Scope, policy_base64: &str, signature: &str) -> bool {
    constant_time_eq(sign_v4(secret, scope, policy_base64).as_bytes(), signature.as_bytes())
}
