//! Texts compressed on their way to clients that take gzip, as OSS does it (help page "gzip", 39645): from 1 KB on, of the types
//! that web pages are made of. Such an answer has no length and no ETag, for its bytes are not the object's.

use std::io::Write;

use axum::body::Body;
use axum::http::{Response, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{Stream, StreamExt, stream};
use shared::sign::Request;

use crate::reply;
use crate::store::{ObjectRecord, StoreError};

/// Bytes from which on it is worth while.
const LEAST: u64 = 1024;
const TYPES: [&str; 10] = [
    "application/javascript",
    "application/json",
    "application/rss+xml",
    "application/x-javascript",
    "text/cache-manifest",
    "text/css",
    "text/html",
    "text/json",
    "text/plain",
    "text/xml",
];

/// Whether the answer to `request` is compressed. A part of an object never is.
pub fn wanted(request: &Request, record: &ObjectRecord) -> bool {
    let stored =
        |name| record.attributes.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let kind = stored("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    let encoded = stored("content-encoding").is_some() || request.param("response-content-encoding").is_some();
    record.size >= LEAST
        && !encoded
        && TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind.trim()))
        && request.header("range").is_none()
        && request.header("accept-encoding").is_some_and(takes_gzip)
}

fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        // RFC 9110 §12.4.2: a weight of nought is a no.
        let refused = parts.filter_map(|part| part.strip_prefix("q=")).any(|q| q.parse() == Ok(0.0));
        named && !refused
    })
}

/// Says so in the headers of an answer.
pub fn tell(response: &mut Response<Body>) {
    for name in [header::ETAG, header::CONTENT_LENGTH, header::ACCEPT_RANGES] {
        response.headers_mut().remove(name);
    }
    reply::set(response, header::CONTENT_ENCODING, "gzip");
    reply::set(response, header::VARY, "Accept-Encoding");
}

/// No bytes, of which the server cannot know that: a HEAD must not say that there are none.
pub fn of_unknown_length() -> Body {
    Body::from_stream(stream::empty::<Result<Bytes, StoreError>>())
}

/// The blocks of an object, compressed on the blocking pool one after the other.
pub fn compressed(
    blocks: impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static {
    let encoder = GzEncoder::new(Vec::new(), Compression::default());
    stream::try_unfold((blocks.boxed(), Some(encoder)), |(mut blocks, mut encoder)| async move {
        while let Some(current) = encoder.take() {
            let block = blocks.next().await.transpose()?;
            let (done, left) = run(move || step(current, block)).await?;
            encoder = left;
            if !done.is_empty() {
                return Ok(Some((done, (blocks, encoder))));
            }
        }
        Ok(None)
    })
}

type Step = (Bytes, Option<GzEncoder<Vec<u8>>>);

/// Takes in one block, or ends; what is ready by then, and the encoder unless it has ended.
fn step(mut encoder: GzEncoder<Vec<u8>>, block: Option<Bytes>) -> std::io::Result<Step> {
    match block {
        Some(block) => {
            encoder.write_all(&block)?;
            let ready = std::mem::take(encoder.get_mut());
            Ok((ready.into(), Some(encoder)))
        }
        None => Ok((encoder.finish()?.into(), None)),
    }
}

async fn run(work: impl FnOnce() -> std::io::Result<Step> + Send + 'static) -> Result<Step, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|join| Err(std::io::Error::other(join)));
    done.map_err(|error| StoreError::Index(format!("an object could not be compressed: {error}")))
}
