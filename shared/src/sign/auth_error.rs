//! Why a presented signature cannot count, and the OSS error that says so.

use time::OffsetDateTime;

use super::MAX_SKEW_SECONDS;
use crate::error::{OssCode, OssError};
use crate::timefmt;

/// Why a signature cannot count, before its bytes are even compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The `Authorization` header is of no known form.
    #[error("Authorization header is invalid.")]
    MalformedAuthorization,
    /// A V4 header or URL lacks a field or has a wrong one; with the finer code and the field's name.
    #[error("Invalid {0} in Authorization.")]
    MalformedField(&'static str, &'static str),
    /// A V1 URL lacks one of its three parameters.
    #[error("Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters")]
    IncompleteUrl,
    /// The date is absent.
    #[error("OSS authentication requires a valid Date.")]
    MissingDate,
    /// The date cannot be read.
    #[error("OSS authentication requires a valid Date.")]
    MalformedDate,
    /// The request was signed too long ago or too far ahead.
    #[error("The difference between the request time and the current time is too large.")]
    Skewed {
        /// The time of signing.
        request: OffsetDateTime,
        /// The server's time.
        server: OffsetDateTime,
    },
    /// The URL's life is over, or has not begun, or is not told; with the finer code.
    #[error("Request has expired.")]
    UrlExpired(&'static str),
    /// The life of a V1 or V2 URL is over.
    #[error("Request has expired.")]
    Expired {
        /// Its last second, Unix time.
        deadline: i64,
        /// The server's time.
        server: OffsetDateTime,
    },
    /// The scope names another region.
    #[error("Invalid signing region in Authorization header.")]
    WrongRegion,
    /// The scope in a URL names another region.
    #[error("The signing region in credential is invalid.")]
    WrongUrlRegion,
    /// The scope's date is not that of the time of signing, or is far from today.
    #[error("Invalid signing date in Authorization header.")]
    WrongScopeDate,
    /// The same of a URL.
    #[error("The signing date in credential is invalid.")]
    WrongUrlScopeDate,
}

impl From<AuthError> for OssError {
    fn from(error: AuthError) -> Self {
        use AuthError as E;
        let (code, ec) = match &error {
            E::MalformedAuthorization => (OssCode::InvalidArgument, Some("0002-00000061")),
            E::MalformedField(_, ec) => (OssCode::InvalidArgument, Some(*ec)),
            E::IncompleteUrl => (OssCode::AccessDenied, None),
            E::MissingDate => (OssCode::AccessDenied, Some("0002-00000503")),
            E::MalformedDate => (OssCode::AccessDenied, Some("0002-00000505")),
            E::Skewed { .. } => (OssCode::RequestTimeTooSkewed, Some("0002-00000504")),
            E::UrlExpired(ec) => (OssCode::AccessDenied, Some(*ec)),
            E::Expired { .. } => (OssCode::AccessDenied, Some("0002-00000069")),
            E::WrongRegion => (OssCode::InvalidArgument, Some("0002-00000226")),
            E::WrongUrlRegion => (OssCode::InvalidArgument, Some("0002-00000228")),
            E::WrongScopeDate => (OssCode::InvalidArgument, Some("0002-00000212")),
            E::WrongUrlScopeDate => (OssCode::InvalidArgument, Some("0002-00000223")),
        };
        let mut out = Self::new(code, error.to_string());
        out.ec = ec.map(str::to_owned);
        match error {
            E::Skewed { request, server } => out
                .detail("MaxAllowedSkewMilliseconds", (MAX_SKEW_SECONDS * 1000).to_string())
                .detail("RequestTime", timefmt::oss_xml(request))
                .detail("ServerTime", timefmt::oss_xml(server)),
            E::Expired { deadline, server } => {
                let deadline = OffsetDateTime::from_unix_timestamp(deadline).unwrap_or(OffsetDateTime::UNIX_EPOCH);
                out.detail("Expires", timefmt::oss_xml(deadline)).detail("ServerTime", timefmt::oss_xml(server))
            }
            _ => out,
        }
    }
}
