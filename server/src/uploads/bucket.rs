//! The bucket as this server sees it with its own right: HeadObject and ListObjectsV2, nothing else.

use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::header::HeaderMap;
use shared::bucket::BucketName;
use shared::clock::Clock;
use shared::error::{OssError, elements};
use shared::region::{Endpoint, Region};
use shared::sign::{Request, SignVersion, Signer};
use shared::timefmt;
use time::OffsetDateTime;

use super::record::plain_etag;
use super::right::OwnRight;
use crate::config::Config;
use crate::error::StartError;
use crate::http;
use crate::sts_client::StsClient;

/// The whole time for one question: a callback has 5 s in all.
const BUDGET: Duration = Duration::from_millis(1500);
/// A page of 1000 keys of 1023 bytes each, encoded, and what belongs to them.
const MAX_LIST_BYTES: usize = 8 * 1024 * 1024;
const LIST_PAGE: &str = "1000";

/// Why the bucket could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// There is no token for the server itself.
    #[error("the server has no right of its own to look into the bucket: {0}")]
    NoRight(String),
    /// OSS refused.
    #[error("OSS refuses to let the server look into the bucket: {0}. Let the role of RoleArn read and list it")]
    Refused(String),
    /// No answer.
    #[error("OSS cannot be reached at {0}: check OssEndpoint and the network")]
    Unreachable(String),
}

/// What OSS says of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The key, decoded.
    pub object: String,
    /// In its one form.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// Known from HeadObject alone.
    pub mime_type: Option<String>,
    /// Known from HeadObject alone.
    pub crc64: Option<String>,
    /// When it was stored.
    pub modified: Option<OffsetDateTime>,
}

/// A page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The objects, by key.
    pub objects: Vec<Seen>,
    /// How to ask for the next page; `None` at the end.
    pub next: Option<String>,
}

/// One bucket.
#[derive(Debug)]
pub struct Bucket {
    name: BucketName,
    endpoint: Endpoint,
    region: Region,
    http: reqwest::Client,
    right: OwnRight,
    clock: Arc<dyn Clock>,
}

impl Bucket {
    /// The bucket of the configuration; `None` unless it says which and where.
    ///
    /// # Errors
    /// [`StartError::HttpClient`] when TLS cannot be set up.
    pub fn of(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Self>, StartError> {
        let endpoint = config.told_endpoint().and_then(|endpoint| Endpoint::parse(&endpoint).ok());
        let (Some(name), Some(region), Some(endpoint)) = (&config.bucket, &config.region, endpoint) else {
            return Ok(None);
        };
        Ok(Some(Self {
            name: name.clone(),
            region: region.clone(),
            http: http::client(&endpoint.to_string())?,
            right: OwnRight::new(&config.role_arn, name.as_str(), Arc::clone(clock)),
            endpoint,
            clock: Arc::clone(clock),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// HeadObject within 1.5 s; `None` when there is no such object.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn head(&self, sts: &StsClient, object: &str) -> Result<Option<Seen>, BucketError> {
        let request = Request::new("HEAD", Some(self.name()), Some(object));
        let (status, headers, _) = self.send(sts, request).await?;
        match status {
            200 => Ok(Some(seen(object, &headers))),
            404 => Ok(None),
            _ => Err(BucketError::Refused(format!("HTTP {status} {}", text(&headers, "x-oss-ec").unwrap_or_default()))),
        }
    }

    /// A page of ListObjectsV2, from the beginning or from where another page said.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn list(&self, sts: &StsClient, prefix: &str, from: Option<&str>) -> Result<Listed, BucketError> {
        let mut request = Request::new("GET", Some(self.name()), None)
            .with_param("list-type", "2")
            .with_param("encoding-type", "url")
            .with_param("max-keys", LIST_PAGE)
            .with_param("prefix", prefix);
        if let Some(from) = from {
            request = request.with_param("continuation-token", from);
        }
        let (status, _, body) = self.send(sts, request).await?;
        match status {
            200 => Ok(listed(&body)),
            _ => Err(BucketError::Refused(OssError::from_xml(status, &body).to_string())),
        }
    }

    async fn send(&self, sts: &StsClient, request: Request) -> Result<(u16, HeaderMap, String), BucketError> {
        tokio::time::timeout(BUDGET, self.answer(sts, request)).await.unwrap_or_else(|_| Err(self.unreachable()))
    }

    fn unreachable(&self) -> BucketError {
        BucketError::Unreachable(self.endpoint.to_string())
    }

    async fn answer(&self, sts: &StsClient, mut request: Request) -> Result<(u16, HeaderMap, String), BucketError> {
        let credentials =
            self.right.credentials(sts).await.map_err(|failure| BucketError::NoRight(failure.to_string()))?;
        let signer = Signer {
            credentials: &credentials,
            region: self.region.as_str(),
            version: SignVersion::V4,
            now: self.clock.now(),
        };
        signer.sign_headers(&mut request);
        let mut url = self.endpoint.url(Some(&self.name), request.key.as_deref());
        if !request.query.is_empty() {
            url = format!("{url}?{}", request.query_string());
        }
        let method = if request.method == "HEAD" { reqwest::Method::HEAD } else { reqwest::Method::GET };
        let mut send = self.http.request(method, url);
        for (name, value) in &request.headers {
            send = send.header(name, value.as_bytes());
        }
        let response = send.send().await.map_err(|_| self.unreachable())?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = http::bytes(response, MAX_LIST_BYTES).await.map_err(|_| self.unreachable())?;
        Ok((status, headers, String::from_utf8_lossy(&body).into_owned()))
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn seen(object: &str, headers: &HeaderMap) -> Seen {
    Seen {
        object: object.to_owned(),
        etag: plain_etag(&text(headers, "etag").unwrap_or_default()),
        size: text(headers, "content-length").and_then(|size| size.parse().ok()).unwrap_or(0),
        mime_type: text(headers, "content-type"),
        crc64: text(headers, "x-oss-hash-crc64ecma"),
        modified: text(headers, "last-modified").and_then(|date| timefmt::parse_http_date(&date)),
    }
}

/// Reads the leaf elements of a ListBucketResult; within each Contents the Key stands first.
fn listed(body: &str) -> Listed {
    let (mut page, mut truncated) = (Listed::default(), false);
    let elements = elements(body);
    let encoded = elements.iter().any(|(path, text)| path == "ListBucketResult/EncodingType" && text == "url");
    for (path, text) in elements {
        match path.strip_prefix("ListBucketResult/").unwrap_or_default() {
            "IsTruncated" => truncated = text == "true",
            "NextContinuationToken" => page.next = Some(text).filter(|token| !token.is_empty()),
            "Contents/Key" => {
                let object = if encoded { percent_decode_str(&text).decode_utf8_lossy().into_owned() } else { text };
                let (etag, size) = (String::new(), 0);
                page.objects.push(Seen { object, etag, size, mime_type: None, crc64: None, modified: None });
            }
            field => {
                if let Some(object) = page.objects.last_mut() {
                    match field {
                        "Contents/Size" => object.size = text.parse().unwrap_or(0),
                        "Contents/ETag" => object.etag = plain_etag(&text),
                        "Contents/LastModified" => object.modified = timefmt::parse_iso8601(&text),
                        _ => {}
                    }
                }
            }
        }
    }
    page.next = page.next.filter(|_| truncated);
    page
}
