//! From a typed transfer error to what a person reads: the words differ by code, the code itself is kept.

use shared::error::{OssCode, OssError};
use transfer::TransferError;

use super::told::told;
use crate::naming::{self, Doubt};
use crate::problem::{Help, Problem};
use crate::words::{Text, said, word};

/// Explains `error`; `title` says what failed.
pub(super) fn explain(error: &TransferError, title: Text) -> Problem {
    let help = match error {
        TransferError::Oss(oss) => return explain_oss(oss, title),
        TransferError::Token { code, message } | TransferError::AppServer { code, message } => {
            if code.starts_with("Credential") {
                let why = said(
                    "The app server wants to know who asks. Choose under Who asks how it learns that, and enter the key.",
                );
                let problem = Problem::new(code, title, why, Help::OpenConfigure);
                return problem.fact(word("Code"), code).fact(word("Message"), message);
            }
            let why = match error {
                TransferError::Token { .. } => {
                    said("The app server answered, but gave no token. Its administrator must correct this.")
                }
                _ => said("The app server answered, but refused this. Its message says why."),
            };
            let problem = Problem::new(code, title, why, Help::Retry);
            return problem.fact(word("Code"), code).fact(word("Message"), message);
        }
        TransferError::Cancelled | TransferError::TooLarge { .. } | TransferError::NoRecords(_) => Help::None,
        TransferError::File { .. } => Help::SelectAnother,
        TransferError::TokenBody(_) | TransferError::DemoKeyToRealCloud { .. } | TransferError::Config { .. } => {
            Help::OpenConfigure
        }
        _ => Help::Retry,
    };
    Problem::new(error.code(), title, told(error), help)
}

/// Explains `error`, knowing which object it was about: a refusal outside the token's prefix has that cause.
pub(super) fn explain_for_key(error: &TransferError, title: Text, key: &str, prefix: Option<&str>) -> Problem {
    let mut problem = explain(error, title);
    let denied = error.oss().is_some_and(|oss| oss.code == OssCode::AccessDenied);
    if denied && naming::doubt(key, prefix) == Some(Doubt::OutsidePrefix) {
        let folder = prefix.unwrap_or_default();
        problem.why = said!("The token covers {0} alone, and this object name lies outside of it.", folder.to_owned());
        problem.help = Help::UseTokenFolder;
    }
    problem
}

fn explain_oss(error: &OssError, title: Text) -> Problem {
    let (why, help) = match &error.code {
        OssCode::AccessDenied => (
            word(
                "The token is good, but its policy does not allow this. Ask for more rights, quoting the facts below.",
            ),
            Help::None,
        ),
        OssCode::SecurityTokenExpired => (word("The token has ended."), Help::NewToken),
        OssCode::InvalidAccessKeyId
        | OssCode::InvalidSecurityToken
        | OssCode::AccessKeyIdAndSecurityTokenNotMatch
        | OssCode::UserDisable => (
            word("OSS does not know this token. App server and endpoint may belong to different accounts."),
            Help::NewToken,
        ),
        OssCode::NoSuchBucket | OssCode::InvalidBucketName => {
            (word("There is no such bucket at this endpoint. Check Bucket and Endpoint."), Help::OpenConfigure)
        }
        OssCode::SignatureDoesNotMatch => {
            (word("OSS computed another signature. Check Region and Endpoint."), Help::OpenConfigure)
        }
        OssCode::RequestTimeTooSkewed => (word("This computer's clock is wrong. Set it, then try again."), Help::Retry),
        OssCode::NoSuchKey => (word("The object is no longer there. Upload it again."), Help::None),
        OssCode::ImageTooLarge => (word("The picture is larger than IMG accepts."), Help::SelectAnother),
        OssCode::ImageDamage | OssCode::BadRequest | OssCode::BadWebPImage => {
            (word("IMG cannot read this picture. It may be damaged, or no picture."), Help::SelectAnother)
        }
        OssCode::InvalidArgument => (word("OSS does not accept one of the values. The message names it."), Help::None),
        OssCode::NotImplemented => (word("This endpoint cannot do that. The message names what."), Help::None),
        _ if error.status >= 500 => (word("OSS has trouble of its own. This often passes."), Help::Retry),
        _ => (word("OSS refused the request."), Help::Retry),
    };
    let mut problem = Problem::new(error.code.as_str(), title, said(why), help)
        .fact(word("Code"), error.code.as_str())
        .fact("EC", error.ec.as_deref().unwrap_or_default())
        .fact(word("Message"), &error.message)
        .fact("RequestId", &error.request_id);
    for (name, value) in &error.details {
        // Signing details hold long canonical texts; they belong into a log, not on the card.
        if let Some(name) = name.strip_prefix("AccessDeniedDetail/") {
            problem = problem.fact(name, value);
        }
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title() -> Text {
        "title".to_owned().into()
    }

    fn oss(code: OssCode) -> TransferError {
        let mut error = OssError::new(code, "the message").ec("0003-00000301");
        error.request_id = "5C3D9175B6FC201293AD4890".to_owned();
        error.detail("AccessDeniedDetail/PolicyType", "SessionPolicy").into()
    }

    #[test]
    fn each_code_keeps_its_name_and_gets_the_button_that_helps() {
        for (error, code, help) in [
            (oss(OssCode::AccessDenied), "AccessDenied", Help::None),
            (oss(OssCode::SecurityTokenExpired), "SecurityTokenExpired", Help::NewToken),
            (oss(OssCode::NoSuchBucket), "NoSuchBucket", Help::OpenConfigure),
            (oss(OssCode::InternalError), "InternalError", Help::Retry),
            (oss(OssCode::NotImplemented), "NotImplemented", Help::None),
            (TransferError::Timeout { host: "h".to_owned(), seconds: 15.0 }, "Timeout", Help::Retry),
        ] {
            let problem = explain(&error, title());
            assert_eq!((problem.code.as_str(), problem.help), (code, help));
        }
    }

    #[test]
    fn facts_of_a_refusal_can_be_quoted() {
        let report = explain(&oss(OssCode::AccessDenied), title()).report();
        for part in ["AccessDenied", "0003-00000301", "the message", "5C3D9175B6FC201293AD4890", "SessionPolicy"] {
            assert!(report.contains(part), "{part} is missing in {report}");
        }
    }

    #[test]
    fn a_refusal_outside_the_prefix_names_its_cause() {
        let denied = oss(OssCode::AccessDenied);
        let inside = explain_for_key(&denied, title(), "users/alice/x", Some("users/alice/"));
        let outside = explain_for_key(&denied, title(), "users/bob/x", Some("users/alice/"));
        assert_eq!((inside.help, outside.help), (Help::None, Help::UseTokenFolder));
        assert!(outside.why.to_string().contains("users/alice/"));
    }
}
