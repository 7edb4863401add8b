//! What an answer says in its headers, and what a refusal says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use shared::error::{OssCode, OssError, elements};
use shared::timefmt;
use time::OffsetDateTime;

use crate::error::TransferError;

/// A successful answer.
pub(crate) struct Reply {
    pub(crate) headers: HeaderMap,
    /// The body, if it went to memory.
    pub(crate) body: Bytes,
    /// CRC64 of the request's body.
    pub(crate) sent_crc: u64,
}

impl Reply {
    /// Names the request in OSS's log; empty when OSS did not say.
    pub(crate) fn request_id(&self) -> String {
        text(&self.headers, "x-oss-request-id").unwrap_or_default().to_owned()
    }

    /// The ETag without its quotes; empty when there is none.
    pub(crate) fn etag(&self) -> String {
        unquoted(text(&self.headers, "etag").unwrap_or_default())
    }

    /// CRC64 of what OSS holds.
    pub(crate) fn crc64(&self) -> Option<u64> {
        number(&self.headers, "x-oss-hash-crc64ecma")
    }

    /// Compares `local` with what OSS holds, where OSS says.
    pub(crate) fn check_crc(&self, local: u64) -> Result<(), TransferError> {
        match self.crc64() {
            Some(remote) if remote != local => Err(TransferError::CrcMismatch { local, remote }),
            _ => Ok(()),
        }
    }

    /// Every leaf element of an XML body as (path, text), in order.
    pub(crate) fn elements(&self) -> Vec<(String, String)> {
        elements(&String::from_utf8_lossy(&self.body))
    }

    /// The text of one element, by its path.
    pub(crate) fn element(&self, path: &str) -> Option<String> {
        self.elements().into_iter().find(|(found, _)| found == path).map(|(_, text)| text)
    }
}

/// An ETag without its quotes.
pub(crate) fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

/// A header as text; `None` when it is absent or no UTF-8.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
}

/// A header as an unsigned decimal.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

/// OSS's time when it answered.
pub(crate) fn date(headers: &HeaderMap) -> Option<OffsetDateTime> {
    timefmt::parse_http_date(text(headers, "date")?)
}

/// The error of an answer that is no success. Answers to HEAD carry theirs in `x-oss-err` (`oss-rest.md` §2.1).
pub(crate) fn refusal(method: &str, status: u16, headers: &HeaderMap, body: &str, host: &str) -> OssError {
    let carried = text(headers, "x-oss-err").and_then(|value| STANDARD.decode(value.trim()).ok());
    let mut error = match carried {
        Some(xml) => OssError::from_xml(status, &String::from_utf8_lossy(&xml)),
        None if method == "HEAD" => guess(OssError::from_xml(status, "")),
        None => OssError::from_xml(status, body),
    };
    if error.request_id.is_empty() {
        error.request_id = text(headers, "x-oss-request-id").unwrap_or_default().to_owned();
    }
    if error.host_id.is_empty() {
        error.host_id = host.to_owned();
    }
    error.ec = error.ec.or_else(|| text(headers, "x-oss-ec").map(str::to_owned));
    error
}

/// Without `x-oss-err`, the status of a HEAD must do.
fn guess(mut error: OssError) -> OssError {
    let (code, message) = match error.status {
        304 => (OssCode::NotModified, "The object has not been modified."),
        404 => (OssCode::NoSuchKey, "The specified key does not exist."),
        412 => (OssCode::PreconditionFailed, "A condition of the request does not hold."),
        _ => return error,
    };
    (error.code, error.message) = (code, message.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn a_refused_head_is_read_from_its_headers() {
        let xml = OssError::new(OssCode::AccessDenied, "No.").ec("0003-00000301").to_xml();
        let mut headers = HeaderMap::new();
        headers.insert("x-oss-err", HeaderValue::from_str(&STANDARD.encode(xml)).unwrap());
        headers.insert("x-oss-ec", HeaderValue::from_static("0003-00000301"));
        headers.insert("x-oss-request-id", HeaderValue::from_static("5C3D"));
        let error = refusal("HEAD", 403, &headers, "", "h");
        assert_eq!((error.code, error.ec.as_deref()), (OssCode::AccessDenied, Some("0003-00000301")));
        assert_eq!((error.message.as_str(), error.request_id.as_str()), ("No.", "5C3D"));
    }

    #[test]
    fn a_bare_status_is_enough_for_a_guess() {
        for (method, status, code) in [
            ("HEAD", 404, OssCode::NoSuchKey),
            ("HEAD", 412, OssCode::PreconditionFailed),
            ("HEAD", 403, OssCode::Other("Http403".to_owned())),
            ("GET", 404, OssCode::Other("Http404".to_owned())),
        ] {
            assert_eq!(refusal(method, status, &HeaderMap::new(), "", "h").code, code, "{method} {status}");
        }
    }
}
