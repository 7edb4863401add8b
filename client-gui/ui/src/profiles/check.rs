//! Each field as it is typed: the rule that its text breaks, in words that have a Chinese.

use shared::bucket::BucketName;
use shared::region::{Endpoint, Region};

use super::Identity;
use crate::words::word;

const SCHEME: &str = word("it must begin with http:// or https://");
const HOST: &str = word("a host must follow, such as app.example.com");
const SPACES: &str = word("it may not contain spaces");
const PORT: &str = word("what follows the ':' must be a port number");
const PARAMETER: &str = word("it must be the name of a query parameter, such as key");
const OWN_DOMAIN: &str = word("it must be the bucket's own domain");

/// The rule that the app server's address breaks. An empty text breaks none.
pub fn app_server(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if text.contains(char::is_whitespace) {
        return Some(SPACES);
    }
    let Some(rest) = without_scheme(text) else { return Some(SCHEME) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host, None),
    };
    if host.is_empty() {
        Some(HOST)
    } else if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        Some(PORT)
    } else {
        None
    }
}

/// The rule that the bucket's name breaks. An empty text breaks none.
pub fn bucket(text: &str) -> Option<&'static str> {
    filled(text).and_then(|text| BucketName::parse(text).err()).map(|error| error.rule)
}

/// The rule that the region's id breaks. An empty text breaks none.
pub fn region(text: &str) -> Option<&'static str> {
    filled(text).and_then(|text| Region::parse(text).err()).map(|error| error.rule)
}

/// The rule that the endpoint breaks; one that is the bucket's own domain must be said, any other may be empty.
pub fn endpoint(text: &str, cname: bool) -> Option<&'static str> {
    match filled(text) {
        None => cname.then_some(OWN_DOMAIN),
        Some(text) => match Endpoint::parse(text) {
            Err(error) => Some(error.rule),
            Ok(endpoint) => (cname && endpoint.host().ends_with(".aliyuncs.com")).then_some(OWN_DOMAIN),
        },
    }
}

/// The rule that the name of the key's parameter breaks.
pub fn identity(identity: &Identity) -> Option<&'static str> {
    let Identity::Query(name) = identity else { return None };
    let clean = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (name.is_empty() || !name.bytes().all(clean)).then_some(PARAMETER)
}

/// Whether what goes to `url` can be read on the way: plain HTTP to another machine.
pub fn is_open_to_others(url: &str) -> bool {
    let Some(rest) = url.trim().strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|rest| rest.split(']').next()).or(host.split(':').next());
    let host = host.unwrap_or_default();
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    !(host.is_empty() || host == "localhost" || is_loopback)
}

/// What follows `http://` or `https://`.
fn without_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))
}

fn filled(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::chinese_texts;

    #[test]
    fn addresses_of_app_servers_are_checked_as_typed() {
        for (text, rule) in [
            ("", None),
            ("h", Some(SCHEME)),
            ("ftp://a", Some(SCHEME)),
            ("http://", Some(HOST)),
            ("http://:80/x", Some(HOST)),
            ("http://a b", Some(SPACES)),
            ("http://a:x", Some(PORT)),
            ("https://app.example.com/sts?grant=read", None),
            ("http://[::1]:8080/", None),
        ] {
            assert_eq!(app_server(text), rule, "{text}");
        }
    }

    #[test]
    fn every_rule_of_a_name_has_its_words() {
        let broken = ["ab", "A_b", "-ab"].map(bucket).into_iter();
        let broken =
            broken.chain(["CN"].map(region)).chain(["ftp://a", "a:x", "a/b"].map(|text| endpoint(text, false)));
        for rule in broken {
            let has_words = |rule| chinese_texts().any(|(english, _)| english == rule);
            assert!(rule.is_some_and(has_words), "{rule:?}");
        }
        assert_eq!(endpoint("", false), None);
        for text in ["", "https://oss-cn-hangzhou.aliyuncs.com"] {
            assert_eq!(endpoint(text, true), Some(OWN_DOMAIN));
        }
        assert_eq!(endpoint("https://img.example.com", true), None);
        assert_eq!(identity(&Identity::Query("a b".to_owned())), Some(PARAMETER));
    }

    #[test]
    fn plain_http_is_open_to_others_beyond_this_machine() {
        for (url, open) in [
            ("http://127.0.0.1:80/x", false),
            ("http://[::1]:80", false),
            ("http://localhost", false),
            ("https://a", false),
            ("http://a", true),
            ("http://10.0.0.1:80", true),
            ("http://127.0.0.1@evil.example/", true),
        ] {
            assert_eq!(is_open_to_others(url), open, "{url}");
        }
    }
}
