//! A request as the signature algorithms see it, and the text forms that they share.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything outside RFC 3986's unreserved characters.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const RESERVED_BUT_SLASH: AsciiSet = RESERVED.remove(b'/');

/// Percent-encodes by RFC 3986 with upper-case hex: a space is `%20`, a slash `%2F`.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}

/// As [`encode`], but slashes stay.
pub fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED_BUT_SLASH).to_string()
}

/// One request to OSS, decoded: what is signed does not depend on how the bucket was addressed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `PUT`…
    pub method: String,
    /// The bucket, unless the request is for the service.
    pub bucket: Option<String>,
    /// The object key, decoded.
    pub key: Option<String>,
    /// Query parameters, decoded, in the order of the URL.
    pub query: Vec<(String, String)>,
    /// Headers; names in any case.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// A request without query and headers.
    pub fn new(method: &str, bucket: Option<&str>, key: Option<&str>) -> Self {
        Self {
            method: method.to_owned(),
            bucket: bucket.map(str::to_owned),
            key: key.map(str::to_owned),
            ..Self::default()
        }
    }

    /// The first value of header `name`, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The first value of query parameter `name`, which is case-sensitive.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Adds a query parameter.
    pub fn with_param(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a header, replacing every earlier value.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// `/bucket/key`, `/bucket/` or `/`, decoded.
    pub(super) fn resource_path(&self) -> String {
        match (&self.bucket, &self.key) {
            (Some(bucket), key) => format!("/{bucket}/{}", key.as_deref().unwrap_or_default()),
            (None, _) => "/".to_owned(),
        }
    }

    /// The query as it stands in a URL: encoded, `?` not included.
    pub fn query_string(&self) -> String {
        let pairs: Vec<String> = self
            .query
            .iter()
            .map(|(k, v)| if v.is_empty() { encode(k) } else { format!("{}={}", encode(k), encode(v)) })
            .collect();
        pairs.join("&")
    }
}

/// The headers that `wanted` chooses as `name:value\n`, lower-case, sorted, repeated ones joined by commas.
pub(super) fn header_block(request: &Request, wanted: impl Fn(&str) -> bool) -> String {
    let mut chosen: Vec<(String, String)> = Vec::new();
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        if !wanted(&name) {
            continue;
        }
        match chosen.iter_mut().find(|(n, _)| *n == name) {
            Some((_, joined)) => {
                joined.push(',');
                joined.push_str(value.trim());
            }
            None => chosen.push((name, value.trim().to_owned())),
        }
    }
    chosen.sort();
    chosen.iter().map(|(name, value)| format!("{name}:{value}\n")).collect()
}
