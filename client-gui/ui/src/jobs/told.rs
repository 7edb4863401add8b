//! What the crates below say of a failure, so that it can be shown in any language.

use shared::object_key::NameError;
use transfer::TransferError;

use crate::words::{Text, heard, word};

/// The texts of [`TransferError`], of what stands in them, and of the reasons that a transfer reports; the more special first.
const TEXTS: &[&str] = &[
    word("OSS refused the request: {0}; check that the token covers this object and this operation"),
    word("OSS refused the request: {0}; check that the app server and the endpoint belong together"),
    word("OSS refused the request: {0}; check the bucket and the endpoint"),
    word("OSS refused the request: {0}; check this machine's clock"),
    word("OSS refused the request: {0}; check the region and the access key secret"),
    word("OSS refused the request: {0}; try again later"),
    word("OSS refused the request: {0}"),
    word("the app server gave no token: {0}: {1}"),
    word("the app server refused: {0}: {1}"),
    word("there are no records of uploads: {0}"),
    word("the credentials come from no app server; name one to see what it knows of uploads"),
    word("this app server has no route /v1/uploads; the app server of Direct Transfer has it"),
    word("this app server keeps none; a section \"Uploads\" in its configuration makes it keep them"),
    word("{0}; check that the token URL names the app server's token route"),
    word("the app server's answer is not a JSON object"),
    word("the app server's answer has no usable {0}"),
    word("the app server's Expiration {0} is not of the form 2017-12-12T07:49:09Z"),
    word("cannot connect to {0}: {1}; check the address, and that the server is running and reachable"),
    word("the connection to {0} broke off: {1}; try again"),
    word("the answer came before the request was over"),
    word("no answer in time"),
    word("the request failed"),
    word("{0} was silent for {1} s; check the network and try again, or allow a longer timeout"),
    word("the answer of {0} to {1} is not the range that was asked for; check that the endpoint is an OSS endpoint"),
    word("the answer of {0} to {1} has no {2}; check that the endpoint is an OSS endpoint"),
    word(
        "the answer of {0} to {1} does not say how large the new object is; check that the endpoint is an OSS endpoint",
    ),
    word("cannot read {0}: {1}"),
    word("cannot write {0}: {1}"),
    word("cannot create {0}: {1}"),
    word("cannot remove {0}: {1}"),
    word("cannot lock {0}: {1}"),
    word("the path names no file"),
    word("{0} changed while it was being uploaded; upload it again once nothing writes to it"),
    word("CRC64 mismatch: {0} here, {1} at OSS; the data was damaged on the way, transfer it again"),
    word("the upload that {0} belongs to is running already; wait for it, or stop it first"),
    word("the transfer was paused; start it again to go on"),
    word("the transfer was cancelled"),
    word("{0} bytes are more than the {1} that {2} can carry; use {3}"),
    word("a simple upload"),
    word("a multipart upload"),
    word("several objects"),
    word("the app server's answer"),
    word("the URL of its token route"),
    word("an answer in memory"),
    word("a download"),
    word("the demo key {0} must not be sent to {1}; use the token of a real app server, or a local endpoint"),
    word("{0} is not usable: {1}"),
    word("Bucket"),
    word("Region"),
    word("Endpoint"),
    word("endpoint"),
    word("region"),
    word("object"),
    word("object key"),
    word("object name"),
    word("bucket name"),
    word("the folder of downloads"),
    word("the token URL"),
    word("the emulator's control port"),
    word("what answers there is not an emulator's control port ({0}); the emulator prints the address when it starts"),
    word("it must begin with http:// and name a host"),
    word("{0} answered HTTP {1}"),
    word("the life of a presigned URL"),
    word("the checkpoint"),
    word("{0} s; it must lie between 1 s and {1} s (7 days)"),
    word("it is no URL ({0})"),
    word("it must begin with http:// or https:// and name a host"),
    word("it must be at least 10240 (10 KiB/s)"),
    word("it is of {0}, not of {1}"),
    word("it is no picture"),
    word("{0}: too many files there have the object's name"),
    word("a key that consists of dots alone cannot stand in a URL; choose another name"),
    word("{0} is not a valid {1}: {2}"),
    word("it must have 3 to 63 characters"),
    word("it may contain only lower-case letters, digits and hyphens"),
    word("it must begin and end with a letter or a digit"),
    word("it must look like cn-hangzhou"),
    word("it must begin with http:// or https://"),
    word("what follows the ':' must be a port number"),
    word("it must be scheme://host or scheme://host:port, with nothing after it"),
    word("it must not be empty"),
    word("it must have at most 1023 bytes"),
    word("it must not begin with '/' or '\\'"),
    word("it must not contain the character NUL"),
    word("it is of another object"),
    word("the file's size has changed"),
    word("the file was modified since"),
    word("the file begins with other bytes"),
    word("the object is to be stored with other headers"),
    word("it is incomplete"),
];

/// Why a transfer failed, as a sentence.
pub(super) fn told(error: &TransferError) -> Text {
    reason(&error.to_string()).sentence()
}

/// The rule that a name breaks, as a sentence.
pub(super) fn refused(error: &NameError) -> Text {
    reason(&error.to_string()).sentence()
}

/// A reason that a transfer reports.
pub(super) fn reason(text: &str) -> Text {
    heard(text, TEXTS)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::error::{OssCode, OssError};
    use shared::object_key::ObjectKey;
    use shared::token::TokenError;
    use transfer::NoRecords;

    use super::*;

    /// Whether nothing but names and what systems say is left as it came.
    fn is_ours(text: &Text) -> bool {
        match text {
            Text::Verbatim(text) => text.starts_with("<") && text.ends_with('>') || text.parse::<f64>().is_ok(),
            Text::Words(_, values) => values.iter().all(is_ours),
            Text::Sentence(text) => is_ours(text),
        }
    }

    #[test]
    fn every_failure_of_a_transfer_is_known() {
        type E = TransferError;
        let name = || "<name>".to_owned();
        let answer = |problem: &str| E::Answer { host: name(), operation: "<operation>", problem: problem.to_owned() };
        let file = |doing| E::File { path: name().into(), doing, source: Arc::new(std::io::Error::other("<why>")) };
        let config = |setting, problem: &str| E::Config { setting, problem: problem.to_owned() };
        let mut all = vec![
            E::Token { code: name(), message: name() },
            E::AppServer { code: name(), message: name() },
            E::NoRecords(NoRecords::NoServer),
            E::NoRecords(NoRecords::NoRoute),
            E::NoRecords(NoRecords::NotKept),
            E::TokenBody(TokenError::NotJson),
            E::TokenBody(TokenError::Missing("<field>")),
            E::Connect { host: name(), reason: name() },
            E::Interrupted { host: name(), reason: "no answer in time".to_owned() },
            E::Timeout { host: name(), seconds: 1.5 },
            answer("has no <header>"),
            answer("is not the range that was asked for"),
            answer("does not say how large the new object is"),
            E::FileChanged { path: name().into() },
            E::CrcMismatch { local: 1, remote: 2 },
            E::Busy { checkpoint: name().into() },
            E::Paused,
            E::Cancelled,
            E::TooLarge { size: 2, limit: 1, way: "a simple upload", instead: "a multipart upload" },
            E::DemoKeyToRealCloud { key_id: name(), host: name() },
            config("the token URL", "it must begin with http:// or https:// and name a host"),
            config("object", "it is no picture"),
        ];
        all.extend(["read", "write", "create", "remove", "lock"].map(file));
        for error in &all {
            let text = told(error);
            assert!(is_ours(&text), "{text:?}");
            assert_eq!(text.english(), Text::from(error.to_string()).sentence().english(), "nothing is lost");
        }
        for code in [OssCode::AccessDenied, OssCode::SecurityTokenExpired, OssCode::InternalError, OssCode::NoSuchKey] {
            let text = told(&OssError::new(code, "<message>").into());
            assert!(matches!(&text, Text::Sentence(text) if matches!(**text, Text::Words(..))), "{text:?}");
        }
        let refused = refused(&ObjectKey::parse("/x").unwrap_err());
        assert_eq!(refused.english(), "\"/x\" is not a valid object key: it must not begin with '/' or '\\'.");
        assert!(matches!(&refused, Text::Sentence(text) if matches!(&**text, Text::Words(_, values)
            if matches!(values[1..], [Text::Words(..), Text::Words(..)]))));
    }
}
