//! The two refusals that nearly every setting shares.

use shared::error::{OssCode, OssError};

/// 400 `MalformedXML` in OSS's words; `why` goes into `ErrorDetail`, where a person finds it.
pub fn malformed(why: impl Into<String>) -> OssError {
    let message = "The XML you provided was not well-formed or did not validate against our published schema.";
    OssError::new(OssCode::MalformedXML, message).detail("ErrorDetail", why)
}

/// 400 `InvalidArgument` as OSS words it for settings (EC page 0019-00000002): name and value apart, `why` in `ErrorDetail`.
pub fn invalid(name: &str, value: impl Into<String>, why: impl Into<String>) -> OssError {
    OssError::new(OssCode::InvalidArgument, format!("{name} is Invalid"))
        .detail("ArgumentName", name)
        .detail("ArgumentValue", value)
        .detail("ErrorDetail", why)
}
