//! Headers, texts and refusals as they may be seen: without what lets others do as we do.

use reqwest::header::HeaderMap;
use shared::credentials::Credentials;
use shared::error::OssError;
use shared::secret::mask;
use shared::sign::encode;

/// Names and values in order; of signatures and tokens only that they are there.
pub(crate) fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = match name.as_str() {
            // The first word names the kind of signature.
            "authorization" => format!("{} …", value.split(' ').next().unwrap_or_default()),
            "x-oss-security-token" | "security-token" => "…".to_owned(),
            _ => value.into_owned(),
        };
        (name.to_string(), value)
    });
    shown.collect()
}

/// A text that was signed, without the security token in it.
pub(super) fn masked(text: &str, credentials: &Credentials) -> String {
    match &credentials.security_token {
        Some(token) => text.replace(token.expose(), MASK).replace(&encode(token.expose()), MASK),
        None => text.to_owned(),
    }
}

/// What stands in the place of a token, here as in the emulator's answers, so that both texts can be compared.
const MASK: &str = "***";

/// The further elements of a refusal. OSS repeats what was signed, twice: as text and as bytes.
pub(super) fn details(error: &OssError, credentials: &Credentials) -> Vec<(String, String)> {
    let shown = error.details.iter().filter_map(|(name, value)| match name.as_str() {
        "StringToSignBytes" | "CanonicalRequestBytes" | "SignatureProvided" => None,
        "OSSAccessKeyId" => Some((name.clone(), mask(value))),
        _ => Some((name.clone(), masked(value, credentials))),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn a_refusal_shows_what_was_signed_without_the_token() {
        use shared::error::OssCode;
        use shared::secret::Secret;
        let credentials = Credentials {
            security_token: Some(Secret::new("to+ken")),
            ..Credentials::long_term("STS.N", Secret::new("secret"))
        };
        let error = OssError::new(OssCode::SignatureDoesNotMatch, "m")
            .detail("StringToSign", "GET\nx-oss-security-token:to+ken\n/b?t=to%2Bken")
            .detail("StringToSignBytes", "74 6F 2B")
            .detail("SignatureProvided", "0123");
        let shown = details(&error, &credentials);
        let text = "GET\nx-oss-security-token:***\n/b?t=***".to_owned();
        assert_eq!(shown, [("StringToSign".to_owned(), text)]);
    }

    #[test]
    fn signatures_and_tokens_are_hidden() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "OSS4-HMAC-SHA256 Credential=STS.abc/x,Signature=0123"),
            ("x-oss-security-token", "CAIS"),
            ("x-oss-date", "20240601T120000Z"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            shown(&headers),
            [
                pair("authorization", "OSS4-HMAC-SHA256 …"),
                pair("x-oss-security-token", "…"),
                pair("x-oss-date", "20240601T120000Z")
            ]
        );
    }
}
