//! Which bucket and object a request is for: by `Host` first, then by path (`oss-rest.md` §2.7).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use shared::bucket::BucketName;
use shared::error::{OssCode, OssError};
use shared::region::Region;
use shared::sign::Request;

/// A host of one's own that stands for a bucket: `HOST=BUCKET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cname {
    /// In lower case, without a port.
    pub host: String,
    /// The bucket.
    pub bucket: BucketName,
}

impl Cname {
    /// Reads `photos.example.com=photos`.
    ///
    /// # Errors
    /// What a person must change: no `=`, a host with other than letters, digits, `-`, `_` and `.`, or what is no bucket's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (host, bucket) = text.split_once('=').ok_or("it must be HOST=BUCKET, such as photos.example.com=photos")?;
        let clean = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if host.is_empty() || host.len() > 253 || !host.bytes().all(clean) {
            return Err(format!("{host:?} is no host name; leave out the scheme and the port"));
        }
        let bucket = BucketName::parse(bucket).map_err(|error| error.to_string())?;
        Ok(Self { host: host.to_ascii_lowercase(), bucket })
    }
}

/// What hosts mean: the region's own, and the CNAMEs.
#[derive(Debug)]
pub struct Hosts {
    region: Region,
    cnames: HashMap<String, String>,
}

impl Hosts {
    /// The hosts of `region`; of two CNAMEs with one host the last one counts.
    pub fn new(region: Region, cnames: Vec<Cname>) -> Self {
        Self { region, cnames: cnames.into_iter().map(|cname| (cname.host, cname.bucket.to_string())).collect() }
    }

    /// The bucket that `host` names, if it names one; where not, the path does.
    fn bucket(&self, host: &str) -> Result<Option<String>, OssError> {
        if let Some(bucket) = self.cnames.get(host) {
            return Ok(Some(bucket.clone()));
        }
        if host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok() {
            return Ok(None);
        }
        if let Some(bucket) = host.strip_suffix(".localhost").or_else(|| before_address(host)) {
            return Ok(Some(bucket.to_owned()));
        }
        let Some(cloud) = host.strip_suffix(".aliyuncs.com") else {
            return Ok(None);
        };
        // Dual-stack endpoints are `REGION.oss.aliyuncs.com`; all others have their place in one label.
        let (rest, stack) = cloud.strip_suffix(".oss").map_or((cloud, ""), |rest| (rest, ".oss"));
        let (bucket, place) = rest.rsplit_once('.').map_or((None, rest), |(bucket, place)| (Some(bucket), place));
        if self.is_ours(place, stack) {
            return Ok(bucket.map(str::to_owned));
        }
        Err(OssError::new(
            OssCode::AccessDenied,
            "The bucket you are attempting to access must be addressed using the specified endpoint. \
             Please send all future requests to this endpoint.",
        )
        .ec("0003-00001403")
        .detail("Bucket", bucket.unwrap_or_default())
        .detail("Endpoint", format!("oss-{}.aliyuncs.com", self.region)))
    }

    /// Whether `place` and what follows it is an endpoint of this region, or one for all regions.
    fn is_ours(&self, place: &str, stack: &str) -> bool {
        // `REGION.aliyuncs.com` is no endpoint, but ali-oss makes that Host up when it is sent to an address.
        let region = place == self.region.as_str();
        let named = |place: &str| place.strip_prefix("oss-") == Some(self.region.as_str());
        let oss = named(place) || place.strip_suffix("-internal").is_some_and(named);
        let everywhere = matches!(place, "oss-accelerate" | "oss-accelerate-overseas");
        region || (stack.is_empty() && (oss || everywhere))
    }
}

/// `photos` of `photos.127.0.0.1`: what clients make of an address when they will not put the bucket into the path.
fn before_address(host: &str) -> Option<&str> {
    let (end, _) = host.rmatch_indices('.').nth(3)?;
    let (bucket, address) = (host.get(..end)?, host.get(end + 1..)?);
    address.parse::<Ipv4Addr>().ok().map(|_| bucket)
}

/// Reads method, bucket, key, query and headers, all decoded: the request as it is signed.
///
/// # Errors
/// [`OssError`] for a host of another region, a path or query that is not UTF-8, or a header that is not text.
pub fn request_of(parts: &Parts, hosts: &Hosts) -> Result<Request, OssError> {
    let host = host_of(parts);
    let path = parts.uri.path().strip_prefix('/').unwrap_or(parts.uri.path());
    let (bucket, raw_key) = match hosts.bucket(&host)? {
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
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn query_of(parts: &Parts) -> Result<Vec<(String, String)>, OssError> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(&spaced(name))?, decode(&spaced(value))?))
        })
        .collect()
}

/// In a query a plus sign is a space: the older Python SDK sends one so, and signs it as a space.
fn spaced(text: &str) -> String {
    text.replace('+', " ")
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
        let cnames = vec![Cname::parse("Photos.Example.com=photos").unwrap()];
        let hosts = Hosts::new(Region::parse("cn-hangzhou").unwrap(), cnames);
        request_of(&parts, &hosts).map(|request| (request.bucket, request.key)).map_err(|error| error.code)
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
            ("bucket.127.0.0.1:9000", "/k", Some("bucket"), Some("k")),
            ("a.b.c.d.e", "/bucket/k", Some("bucket"), Some("k")),
            ("photos.example.com:9000", "/a/b", Some("photos"), Some("a/b")),
            ("PHOTOS.example.com.", "/", Some("photos"), None),
            ("example.com", "/bucket/k", Some("bucket"), Some("k")),
            ("oss-cn-hangzhou.aliyuncs.com", "/", None, None),
            ("bucket.oss-cn-hangzhou.aliyuncs.com", "/k%20+", Some("bucket"), Some("k +")),
            ("bucket.oss-cn-hangzhou-internal.aliyuncs.com", "/", Some("bucket"), None),
            ("bucket.cn-hangzhou.oss.aliyuncs.com", "/k", Some("bucket"), Some("k")),
            ("cn-hangzhou.oss.aliyuncs.com", "/bucket/k", Some("bucket"), Some("k")),
            ("bucket.oss-accelerate.aliyuncs.com", "/k", Some("bucket"), Some("k")),
            ("bucket.oss-accelerate-overseas.aliyuncs.com", "/k", Some("bucket"), Some("k")),
            ("bucket.cn-hangzhou.aliyuncs.com", "/k", Some("bucket"), Some("k")),
        ] {
            let expected = (bucket.map(str::to_owned), key.map(str::to_owned));
            assert_eq!(read(host, path), Ok(expected), "{host} {path}");
        }
        for elsewhere in ["oss-cn-beijing", "cn-beijing.oss", "cn-beijing", "oss-cn-hangzhou.oss", "oss"] {
            let host = format!("bucket.{elsewhere}.aliyuncs.com");
            assert_eq!(read(&host, "/k"), Err(OssCode::AccessDenied), "{host}");
        }
        assert_eq!(read("127.0.0.1", "/bucket/%FF"), Err(OssCode::InvalidObjectName));
    }

    #[test]
    fn a_cname_is_a_host_and_a_bucket() {
        for bad in ["photos", "=photos", "http://h=photos", "h:80=photos", "h=Photos", "h=", "h=a=b"] {
            assert!(Cname::parse(bad).is_err(), "{bad}");
        }
    }
}
