//! What a form that succeeded is answered: an empty 200 or 204, an XML 201, or a redirect (`oss-rest.md` §2.5).

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use shared::sign::encode;
use shared::sign::post_policy::FormFields;

use crate::reply;
use crate::xml::Xml;

/// What a URL cannot hold as it is; what is encoded already stays.
const UNSAFE: AsciiSet = CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// The object that a form made.
#[derive(Debug, Clone, Copy)]
pub struct Posted<'a> {
    /// Its bucket.
    pub bucket: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Its URL.
    pub location: &'a str,
}

/// Turns the answer of the PutObject that the form amounted to into the answer that the form asks for: 303 to
/// `success_action_redirect` if that is a URL of http or https, else by `success_action_status` 200, 201 or 204, which
/// is also the answer to anything else. Headers of `put` (ETag, checksums, version) stay, its body does not: where a
/// callback answered, that is the form's answer and this has no say.
pub fn answer(fields: &FormFields, posted: Posted<'_>, put: Response<Body>) -> Response<Body> {
    let (mut parts, _) = put.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    let etag = parts.headers.get(header::ETAG).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let redirect = fields.filled("success_action_redirect").and_then(|target| redirect(target, posted, &etag));
    let mut response = match (redirect, fields.get("success_action_status").map(str::trim)) {
        (Some(location), _) => {
            let mut response = reply::empty(StatusCode::SEE_OTHER);
            reply::set(&mut response, header::LOCATION, &location);
            response
        }
        (None, Some("200")) => reply::empty(StatusCode::OK),
        (None, Some("201")) => {
            let mut response = reply::xml(description(posted, &etag));
            *response.status_mut() = StatusCode::CREATED;
            response
        }
        _ => reply::empty(StatusCode::NO_CONTENT),
    };
    response.headers_mut().extend(parts.headers);
    response
}

fn description(posted: Posted<'_>, etag: &str) -> String {
    let mut xml = Xml::new("PostResponse");
    xml.leaf("Bucket", posted.bucket).leaf("Location", posted.location).leaf("Key", posted.key).leaf("ETag", etag);
    xml.finish()
}

/// The target with the object in its query, before its fragment; `None` when it is no http URL.
fn redirect(target: &str, posted: Posted<'_>, etag: &str) -> Option<String> {
    let (url, fragment) = match target.trim().split_once('#') {
        Some((url, fragment)) => (url, format!("#{fragment}")),
        None => (target.trim(), String::new()),
    };
    let (scheme, rest) = url.split_once("://")?;
    let http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if !http || rest.is_empty() || rest.starts_with(['/', '?', '\\']) {
        return None;
    }
    let join = match url.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let object = format!("bucket={}&key={}&etag={}", encode(posted.bucket), encode(posted.key), encode(etag));
    let safe = |text: &str| utf8_percent_encode(text, &UNSAFE).to_string();
    Some(format!("{}{join}{object}{}", safe(url), safe(&fragment)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ETAG: &str = "\"5D41402ABC4B2A76B9719D911017C592\"";

    fn answered(pairs: &[(&str, &str)]) -> Response<Body> {
        let mut put = reply::typed("text/plain", "of the put".into());
        reply::set(&mut put, header::ETAG, ETAG);
        reply::set_crc64(&mut put, 7);
        let fields: FormFields = pairs.iter().copied().collect();
        let posted = Posted { bucket: "photos", key: "a b&c/中.jpg", location: "http://photos.localhost/a%20b" };
        answer(&fields, posted, put)
    }

    #[test]
    fn the_status_that_was_asked_for() {
        for (asked, status) in
            [("200", 200), ("201", 201), ("204", 204), (" 201 ", 201), ("", 204), ("404", 204), ("201x", 204)]
        {
            let response = answered(&[("Success_Action_Status", asked)]);
            assert_eq!(response.status(), status, "{asked:?}");
            assert_eq!(response.headers()["etag"], ETAG);
            assert_eq!(response.headers()["x-oss-hash-crc64ecma"], "7");
            assert_eq!(response.headers().contains_key("content-type"), status == 201);
            assert_ne!(response.headers().get("content-length").map(|length| length.as_bytes()), Some(&b"10"[..]));
        }
        assert_eq!(answered(&[]).status(), 204);
    }

    #[tokio::test]
    async fn created_is_told_in_xml() {
        let response = answered(&[("success_action_status", "201")]);
        assert_eq!(response.headers()["content-type"], "application/xml");
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        let found = shared::error::elements(std::str::from_utf8(&body).unwrap());
        let expected = [
            ("Bucket", "photos"),
            ("Location", "http://photos.localhost/a%20b"),
            ("Key", "a b&c/中.jpg"),
            ("ETag", ETAG),
        ];
        assert_eq!(found, expected.map(|(name, value)| (format!("PostResponse/{name}"), value.to_owned())));
    }

    #[test]
    fn a_redirect_carries_the_object_and_goes_to_http_alone() {
        let object = "bucket=photos&key=a%20b%26c%2F%E4%B8%AD.jpg&etag=%225D41402ABC4B2A76B9719D911017C592%22";
        for (target, location) in [
            ("http://app.example/done", Some(format!("http://app.example/done?{object}"))),
            ("HTTPS://app.example", Some(format!("HTTPS://app.example?{object}"))),
            ("https://a.example/?x=1", Some(format!("https://a.example/?x=1&{object}"))),
            ("https://a.example/?", Some(format!("https://a.example/?{object}"))),
            ("https://a.example/p#top", Some(format!("https://a.example/p?{object}#top"))),
            (
                "http://a.example/\r\nSet-Cookie: a=b/中",
                Some(format!("http://a.example/%0D%0ASet-Cookie:%20a=b/%E4%B8%AD?{object}")),
            ),
            ("javascript:alert(1)", None),
            ("ftp://a.example/", None),
            ("//a.example/", None),
            ("http:///path", None),
            ("http://", None),
            ("/done", None),
            ("", None),
        ] {
            let response = answered(&[("success_action_redirect", target), ("success_action_status", "200")]);
            let found = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(found, location, "{target:?}");
            assert_eq!(response.status(), if location.is_some() { 303 } else { 200 }, "{target:?}");
        }
    }
}
