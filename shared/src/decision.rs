//! The one record that the emulator emits for each request; every other view of what happened is drawn from it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Tells the decisions after the one of this number (0 for all), oldest first, as far as they are kept. It does not wait.
pub type Witness = Arc<dyn Fn(u64) -> Vec<Arc<Decision>> + Send + Sync>;

/// One request to the emulator, as it was understood and answered. Holds no secret: key ids are masked, tokens absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decision {
    /// Counts from 1 in the order of completion.
    pub sequence: u64,
    /// The emulator's time, `2017-12-12T07:49:09.000Z`.
    pub time: String,
    /// `oss` or `sts`.
    pub service: String,
    /// Also in the response, as `x-oss-request-id` or `RequestId`.
    pub request_id: String,
    /// The HTTP method.
    pub method: String,
    /// The path, decoded; without the query, which may hold a token.
    pub path: String,
    /// Who asked.
    pub principal: Principal,
    /// The OSS or STS operation (`PutObject`), or empty when none was recognised.
    pub operation: String,
    /// The RAM action that it needs (`oss:PutObject`).
    pub action: String,
    /// The resource that it touches (`acs:oss:*:…:bucket/key`).
    pub resource: String,
    /// The condition keys of OSS that policies could look at, such as `oss:Prefix`, and their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<(String, String)>,
    /// What became of the signature.
    pub signature: SignatureOutcome,
    /// What each policy layer said, in the order of evaluation.
    pub layers: Vec<LayerOutcome>,
    /// The HTTP status of the answer; 0 when a fault left the request without one.
    pub status: u16,
    /// `AccessDenied` and the like; empty on success.
    pub error_code: String,
    /// The finer code; empty on success.
    pub ec: String,
    /// Bytes of body received.
    pub bytes_in: u64,
    /// Bytes of body in the answer.
    pub bytes_out: u64,
    /// The part, for UploadPart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_number: Option<u32>,
    /// The faults that struck it, as `latency 120 ms`; see [`fault`](crate::fault).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// Microseconds from the request's head to the answer's head.
    pub duration_us: u64,
}

/// Who asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Principal {
    /// `anonymous`, `root`, `user` or `role`.
    pub kind: String,
    /// The ARN, once the key is known.
    pub arn: String,
    /// The key's id, masked.
    pub access_key_id: String,
}

/// What became of the signature.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum SignatureOutcome {
    /// None was presented.
    #[default]
    Absent,
    /// It is right.
    Valid {
        /// `V1 header`, `V4 url`…
        scheme: String,
    },
    /// It is not what the emulator computes.
    Mismatch {
        /// `V1 header`, `V4 url`…
        scheme: String,
        /// The text that the emulator signed.
        string_to_sign: String,
        /// V4: the canonical request that it hashed.
        #[serde(skip_serializing_if = "Option::is_none")]
        canonical_request: Option<String>,
    },
    /// It was refused before it was compared: unknown key, expired token, skewed clock, malformed.
    Refused {
        /// The error code of the refusal.
        reason: String,
    },
}

/// What one policy layer said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LayerOutcome {
    /// `session`, `identity`, `bucket`, `owner`, `acl`, `trust`.
    pub layer: String,
    /// `Allow`, `ExplicitDeny` or `ImplicitDeny`.
    pub effect: String,
    /// The statement that decided, if one did: its index in the layer's document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// Why, in a few words.
    pub because: String,
}
