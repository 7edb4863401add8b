//! Regions and endpoints: how a bucket is addressed on the wire (`oss-rest.md` §2.7).

use std::fmt;

use crate::bucket::BucketName;
use crate::object_key::NameError;
use crate::sign::{encode, encode_path};

/// A region id such as `cn-hangzhou`, without the `oss-` that some settings put before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Region(String);

impl Region {
    /// Checks `id`; a leading `oss-` is dropped, as the JavaScript SDK does.
    ///
    /// # Errors
    /// [`NameError`] when it is empty or holds other than `a-z0-9-`.
    pub fn parse(id: &str) -> Result<Self, NameError> {
        let bare = id.strip_prefix("oss-").unwrap_or(id);
        let clean = bare.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if bare.is_empty() || bare.len() > 64 || !clean {
            return Err(NameError { what: "region", name: id.to_owned(), rule: "it must look like cn-hangzhou" });
        }
        Ok(Self(bare.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The public endpoint of this region on Alibaba Cloud.
    pub fn public_endpoint(&self) -> String {
        format!("https://oss-{}.aliyuncs.com", self.0)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where OSS listens: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    scheme: &'static str,
    host: String,
    port: Option<u16>,
    cname: bool,
}

impl Endpoint {
    /// Reads `http://127.0.0.1:9000`, `https://oss-cn-hangzhou.aliyuncs.com` or a bare host, which means https.
    ///
    /// # Errors
    /// [`NameError`] when the scheme is another, the host is empty, the port is no port, or anything follows the host.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let fail = |rule| Err(NameError { what: "endpoint", name: text.to_owned(), rule });
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => ("http", rest),
            Some(("https", rest)) => ("https", rest),
            Some(_) => return fail("it must begin with http:// or https://"),
            None => ("https", text),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => match port.parse::<u16>() {
                Ok(port) => (host, Some(port)),
                Err(_) => return fail("what follows the ':' must be a port number"),
            },
            _ => (authority, None),
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'[' | b']' | b':' | b'_');
        if host.is_empty() || !host.bytes().all(allowed) {
            return fail("it must be scheme://host or scheme://host:port, with nothing after it");
        }
        Ok(Self { scheme, host: host.to_ascii_lowercase(), port, cname: false })
    }

    /// The same host as a bucket's own domain, a CNAME: it stands for the bucket, which URLs then do not name. Signatures name
    /// the bucket all the same (`is_cname` of oss2, `cname` of ali-oss).
    #[must_use]
    pub fn as_cname(self) -> Self {
        Self { cname: true, ..self }
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the bucket goes into the path: for IP addresses and `localhost`, as the official SDKs decide.
    pub fn is_path_style(&self) -> bool {
        let is_address = || self.host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok();
        !self.cname && (self.host == "localhost" || is_address())
    }

    /// `host` or `host:port`, with the bucket before it unless the path names it or the host stands for it.
    pub fn authority(&self, bucket: Option<&BucketName>) -> String {
        let host = match bucket {
            Some(bucket) if !self.cname && !self.is_path_style() => format!("{bucket}.{}", self.host),
            _ => self.host.clone(),
        };
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    /// The absolute URL of a bucket or an object, without a query.
    pub fn url(&self, bucket: Option<&BucketName>, key: Option<&str>) -> String {
        let mut url = format!("{}://{}/", self.scheme, self.authority(bucket));
        if let (Some(bucket), true) = (bucket, self.is_path_style()) {
            url.push_str(bucket.as_str());
            url.push('/');
        }
        if let Some(key) = key {
            url.push_str(&key_path(key));
        }
        url
    }
}

/// An object key as the path of a URL. URL parsers resolve the segments `.` and `..`, which mean nothing in a key; where it
/// has one, its slashes are encoded too, and OSS decodes the same key. (A key that is `.` or `..` alone has no URL.)
pub fn key_path(key: &str) -> String {
    let dots = key.split('/').any(|segment| matches!(segment, "." | ".."));
    if dots { encode(key) } else { encode_path(key) }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_go_where_the_sdks_put_them() {
        let bucket = BucketName::parse("photos").unwrap();
        for (endpoint, url) in [
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/photos/a%20b/%E4%B8%AD.jpg"),
            ("http://localhost:9000/", "http://localhost:9000/photos/a%20b/%E4%B8%AD.jpg"),
            ("http://[::1]:9000", "http://[::1]:9000/photos/a%20b/%E4%B8%AD.jpg"),
            ("oss-cn-hangzhou.aliyuncs.com", "https://photos.oss-cn-hangzhou.aliyuncs.com/a%20b/%E4%B8%AD.jpg"),
        ] {
            assert_eq!(Endpoint::parse(endpoint).unwrap().url(Some(&bucket), Some("a b/中.jpg")), url);
        }
        for (domain, url) in [
            ("https://img.example.com", "https://img.example.com/a.jpg"),
            ("http://localhost:9000", "http://localhost:9000/a.jpg"),
        ] {
            assert_eq!(Endpoint::parse(domain).unwrap().as_cname().url(Some(&bucket), Some("a.jpg")), url);
        }
        assert_eq!(key_path("a/../b"), "a%2F..%2Fb");
        assert_eq!(key_path("a/..b/.c"), "a/..b/.c");
    }

    #[test]
    fn malformed_endpoints_are_refused() {
        for bad in ["", "ftp://x", "http://", "http://h:port", "http://h/path", "http://u@h", "http://h?x"] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Region::parse("oss-cn-hangzhou").unwrap().as_str(), "cn-hangzhou");
        assert!(Region::parse("CN").is_err());
    }
}
