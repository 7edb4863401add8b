//! Why a caller gets nothing: the HTTP status of the `/v1` routes, the contract's code, and words for a person.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::StatusCode;
use shared::token::TokenReply;

use crate::error::StsFailure;

/// A refusal. The SDK routes answer HTTP 200 with its code and message in the body; `/v1` answers its status too.
/// No message repeats a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// What the `/v1` routes answer.
    pub status: StatusCode,
    /// `CredentialMissing`, `GrantNotAllowed` and the like; STS's own code where STS refused.
    pub code: Cow<'static, str>,
    /// What is wrong and what to do.
    pub message: String,
    /// When asking again may help; goes into `Retry-After` in whole seconds, rounded up.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal that waiting does not change.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: Cow::Borrowed(code), message: message.into(), retry_after: None }
    }

    /// 401: who asks is not known.
    pub fn unauthorized(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// 403: who asks is known, and may not have this.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 400: the question itself is wrong.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 503: something that this server needs is away; the caller may try again after `wait`.
    pub fn unavailable(code: &'static str, message: impl Into<String>, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message) }
    }

    /// The same in the token contract.
    pub fn into_reply(self) -> TokenReply {
        TokenReply::Refused { error_code: self.code.into_owned(), error_message: self.message }
    }
}

/// How long a caller waits before it asks again when STS throttles or is away.
const STS_PAUSE: Duration = Duration::from_secs(2);

impl From<StsFailure> for Refusal {
    fn from(failure: StsFailure) -> Self {
        let status = match &failure {
            StsFailure::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
            StsFailure::NoRandomness(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ if failure.may_pass() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        };
        let retry_after = failure.may_pass().then_some(STS_PAUSE);
        Self { status, code: Cow::Owned(failure.code().to_owned()), message: failure.to_string(), retry_after }
    }
}
