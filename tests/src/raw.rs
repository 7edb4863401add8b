//! Requests by hand, and answers as they came.

use shared::error::{OssError, elements};
use shared::region::key_path;
use shared::sign::Request;

/// A request to be signed and sent.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// What is asked.
    pub request: Request,
    /// With what.
    pub body: Vec<u8>,
}

impl Ask {
    /// A request for an object; an empty key is for the bucket, an empty bucket for the service.
    pub fn new(method: &str, bucket: &str, key: &str) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut request = Request::new(method, None, None);
        request.bucket = some(bucket);
        request.key = some(key);
        Self { request, body: Vec::new() }
    }

    /// With a query parameter.
    #[must_use]
    pub fn param(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.with_param(name, value);
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.with_header(name, value);
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Sends `request` path style to `endpoint`.
    pub async fn of(http: &reqwest::Client, endpoint: &str, request: &Request, body: Vec<u8>) -> Self {
        let path = match (&request.bucket, &request.key) {
            (None, _) => String::new(),
            (Some(bucket), key) => format!("{bucket}/{}", key_path(key.as_deref().unwrap_or_default())),
        };
        let query = request.query_string();
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{endpoint}/{path}{mark}{query}");
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).expect("a method");
        let mut send = http.request(method, url);
        if body.is_empty() && matches!(request.method.as_str(), "PUT" | "POST") {
            send = send.header("content-length", "0"); // which reqwest leaves out, and OSS demands
        }
        send = send.body(body);
        for (name, value) in &request.headers {
            send = send.header(name, value.as_bytes());
        }
        let answer = send.send().await.expect("OSS answers");
        let status = answer.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let body = answer.bytes().await.expect("a whole body").to_vec();
        Self { status, headers, body }
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// The text of the first element at `path` in the XML body, or nothing.
    pub fn leaf(&self, path: &str) -> String {
        self.leaves(path).into_iter().next().unwrap_or_default()
    }

    /// The texts of all elements at `path` in the XML body.
    pub fn leaves(&self, path: &str) -> Vec<String> {
        elements(&self.text()).into_iter().filter(|(at, _)| at == path).map(|(_, text)| text).collect()
    }

    /// The error in the body.
    pub fn error(&self) -> OssError {
        OssError::from_xml(self.status, &self.text())
    }

    /// `403 AccessDenied 0003-00000301`; of a success the status alone.
    pub fn verdict(&self) -> String {
        if self.status < 400 && self.status != 203 {
            return self.status.to_string();
        }
        let error = self.error();
        format!("{} {} {}", self.status, error.code, error.ec.unwrap_or_default()).trim_end().to_owned()
    }
}
