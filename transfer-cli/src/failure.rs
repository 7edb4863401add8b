//! What a failure is to a shell: an exit status that says whose trouble it is, and a message.

use serde_json::{Value, json};
use transfer::TransferError;

/// The exit status of a failure; the list stands in the program's help.
pub fn status(error: &TransferError) -> u8 {
    use TransferError as E;
    match error {
        E::Config { .. } | E::DemoKeyToRealCloud { .. } | E::TooLarge { .. } => 2,
        E::Oss(error) if error.status == 404 => 4,
        E::Oss(error) if error.status < 500 || error.status == 501 => 3,
        E::Token { .. } | E::TokenBody(_) | E::AppServer { .. } | E::NoRecords(_) | E::Busy { .. } => 3,
        E::File { .. } => 5,
        E::FileChanged { .. } | E::CrcMismatch { .. } => 6,
        E::Cancelled | E::Paused => 130,
        E::Oss(_) | E::Connect { .. } | E::Interrupted { .. } | E::Timeout { .. } | E::Answer { .. } => 1,
    }
}

/// The failure for programs.
pub fn json(error: &TransferError) -> Value {
    let oss = error.oss();
    json!({
        "error": {
            "code": error.code(),
            "message": error.to_string(),
            "http_status": oss.map(|oss| oss.status),
            "ec": oss.and_then(|oss| oss.ec.clone()),
            "request_id": error.request_id(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::error::{OssCode, OssError};

    #[test]
    fn whose_trouble_it_is() {
        let oss = |code: OssCode| TransferError::from(OssError::new(code, ""));
        let text = || "x".to_owned();
        for (error, expected) in [
            (oss(OssCode::NoSuchKey), 4),
            (oss(OssCode::AccessDenied), 3),
            (oss(OssCode::InternalError), 1),
            (oss(OssCode::NotImplemented), 3),
            (TransferError::Connect { host: text(), reason: text() }, 1),
            (TransferError::Token { code: text(), message: text() }, 3),
            (TransferError::CrcMismatch { local: 1, remote: 2 }, 6),
            (TransferError::Paused, 130),
            (TransferError::Config { setting: "x", problem: text() }, 2),
        ] {
            assert_eq!(status(&error), expected, "{error}");
        }
    }
}
