//! Which bucket and object a request is for: by `Host` first, then by path (`oss-rest.md` §2.7).

use std::net::IpAddr;

use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use shared::error::{OssCode, OssError};
use shared::region::Region;
use shared::sign::Request;

/// Reads method, bucket, key, query and headers, all decoded: the request as it is signed.
///
/// # Errors
/// [`OssError`] for a host of another region, a path or query that is not UTF-8, or a header that is not text.
pub fn request_of(parts: &Parts, region: &Region) -> Result<Request, OssError> {
    let host = host_of(parts);
    let path = parts.uri.path().strip_prefix('/').unwrap_or(parts.uri.path());
    let (bucket, raw_key) = match bucket_of_host(&host, region)? {
        Some(bucket) => (Some(bucket), path),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (Some(decode(bucket)?).filter(|bucket| !bucket.is_empty()), key)
        }
    };
    // Decoded after the split: some clients send `/` within a key as %2F. Nothing is collapsed: `..` is a name.
    let key = Some(decode(raw_key)?).filter(|key| !key.is_empty());
    let mut headers = Vec::with_capacity(parts.headers.len());
    for (name, value) in &parts.headers {
        let value = String::from_utf8(value.as_bytes().to_vec())
            .map_err(|_| OssError::new(OssCode::InvalidArgument, format!("The header {name} is not UTF-8 text.")))?;
        headers.push((name.as_str().to_owned(), value));
    }
    Ok(Request { method: parts.method.as_str().to_owned(), bucket, key, query: query_of(parts)?, headers })
}

/// The host that the request was sent to, without the port, in lower case.
pub fn host_of(parts: &Parts) -> String {
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let header = parts.headers.get("host").and_then(|value| value.to_str().ok());
    let host = authority.or(header).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.to_ascii_lowercase()
}

fn bucket_of_host(host: &str, region: &Region) -> Result<Option<String>, OssError> {
    if host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok() {
        return Ok(None);
    }
    if let Some(bucket) = host.strip_suffix(".localhost") {
        return Ok(Some(bucket.to_owned()));
    }
    let Some(cloud) = host.strip_suffix(".aliyuncs.com") else {
        return Ok(None);
    };
    let (bucket, place) = cloud.rsplit_once('.').map_or((None, cloud), |(bucket, place)| (Some(bucket), place));
    let ours = place.strip_suffix("-internal").unwrap_or(place).strip_prefix("oss-") == Some(region.as_str());
    match (ours, bucket) {
        (true, bucket) => Ok(bucket.map(str::to_owned)),
        (false, _) => Err(OssError::new(
            OssCode::AccessDenied,
            "The bucket you are attempting to access must be addressed using the specified endpoint. \
             Please send all future requests to this endpoint.",
        )
        .ec("0003-00001403")
        .detail("Bucket", bucket.unwrap_or_default())
        .detail("Endpoint", format!("oss-{region}.aliyuncs.com"))),
    }
}

fn query_of(parts: &Parts) -> Result<Vec<(String, String)>, OssError> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, OssError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| OssError::new(OssCode::InvalidObjectName, "The URL is not UTF-8 once it is decoded."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http;

    fn read(host: &str, path: &str) -> Result<(Option<String>, Option<String>), OssCode> {
        let (parts, ()) = http::Request::get(path).header("host", host).body(()).unwrap().into_parts();
        let region = Region::parse("cn-hangzhou").unwrap();
        request_of(&parts, &region).map(|request| (request.bucket, request.key)).map_err(|error| error.code)
    }

    #[test]
    fn every_way_to_address_a_bucket() {
        for (host, path, bucket, key) in [
            ("127.0.0.1:9000", "/", None, None),
            ("127.0.0.1:9000", "/bucket", Some("bucket"), None),
            ("127.0.0.1", "/bucket/", Some("bucket"), None),
            ("localhost:9000", "/bucket/a%2Fb//../%E4%B8%AD", Some("bucket"), Some("a/b//../中")),
            ("[::1]:9000", "/bucket/k", Some("bucket"), Some("k")),
            ("storage:9000", "/bucket/k", Some("bucket"), Some("k")),
            ("bucket.localhost:9000", "/k", Some("bucket"), Some("k")),
            ("bucket.oss-cn-hangzhou.aliyuncs.com", "/k%20+", Some("bucket"), Some("k +")),
            ("bucket.oss-cn-hangzhou-internal.aliyuncs.com", "/", Some("bucket"), None),
            ("oss-cn-hangzhou.aliyuncs.com", "/", None, None),
        ] {
            let expected = (bucket.map(str::to_owned), key.map(str::to_owned));
            assert_eq!(read(host, path), Ok(expected), "{host} {path}");
        }
        assert_eq!(read("bucket.oss-cn-beijing.aliyuncs.com", "/k"), Err(OssCode::AccessDenied));
        assert_eq!(read("127.0.0.1", "/bucket/%FF"), Err(OssCode::InvalidObjectName));
    }
}
