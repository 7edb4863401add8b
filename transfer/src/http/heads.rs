//! Headers as they may be seen: without what lets others do as we do.

use reqwest::header::HeaderMap;

/// Names and values in order; of signatures and tokens only that they are there.
pub(super) fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

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
