//! What the client asks for: the parameters `callback` and `callback-var`, read and checked before the upload (`token-server.md` §5.1, §5.5).

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde_json::{Map, Value};
use shared::error::{OssCode, OssError};
use shared::sign::Request;

use super::variables::{BodyType, Facts, Template};

/// The longest value of either parameter, in characters of base64.
const MAX_LENGTH: usize = 5 * 1024;
const MAX_URLS: usize = 5;

/// base64 whose padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A callback that is to follow an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    urls: Vec<Url>,
    host: Option<HeaderValue>,
    sni: bool,
    body: Template,
    body_type: BodyType,
    custom: BTreeMap<String, String>,
}

impl Plan {
    /// Reads the parameters of a request: the headers `x-oss-callback` and `x-oss-callback-var`, or the query's `callback`
    /// and `callback-var`. `None` when it asks for no callback.
    ///
    /// # Errors
    /// As [`Plan::read`]; and `InvalidArgument` (EC 0007-00000027) when header and query both have one.
    pub fn of(request: &Request) -> Result<Option<Self>, OssError> {
        let (header, query) = (request.header("x-oss-callback"), request.param("callback"));
        if let (Some(_), Some(query)) = (header, query) {
            let message = "The header x-oss-callback and the query parameter callback cannot be used together.";
            return Err(invalid(message, "0007-00000027", "callback", query));
        }
        let var = request.header("x-oss-callback-var").or_else(|| request.param("callback-var"));
        Self::read(header.or(query), var)
    }

    /// Reads the two parameters, each JSON in base64, standard or URL-safe. `None` when there is no callback: the parameter
    /// is missing, or its `callbackUrl` is missing or empty.
    ///
    /// # Errors
    /// `InvalidArgument` with `ArgumentName`, `ArgumentValue` and an EC of 0007; `NotImplemented` for `additionalHeaders`.
    pub fn read(callback_b64: Option<&str>, callback_var_b64: Option<&str>) -> Result<Option<Self>, OssError> {
        let Some(text) = callback_b64.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let fields = parameter(text, &CALLBACK)?;
        if fields.get("additionalHeaders").is_some_and(|value| !value.is_null()) {
            return Err(OssError::new(OssCode::NotImplemented, "additionalHeaders of a callback are not supported."));
        }
        let Some(urls) = urls(&fields)? else {
            return Ok(None);
        };
        let (body, body_type) = body(&fields)?;
        let plan = Self {
            urls,
            host: host(&fields)?,
            sni: sni(&fields)?,
            body,
            body_type,
            custom: custom(callback_var_b64.map(str::trim).filter(|text| !text.is_empty()))?,
        };
        Ok(Some(plan))
    }

    /// Whether [`Facts::image`] is to be filled in.
    pub fn wants_image_info(&self) -> bool {
        self.body.wants_image_info()
    }

    /// Whom to ask, in this order; one to five.
    pub(super) fn urls(&self) -> &[Url] {
        &self.urls
    }

    /// The `Host` to send instead of the URL's.
    pub(super) fn host(&self) -> Option<&HeaderValue> {
        self.host.as_ref()
    }

    /// Whether TLS names the server that it wants.
    pub(super) fn sni(&self) -> bool {
        self.sni
    }

    pub(super) fn content_type(&self) -> &'static str {
        self.body_type.as_str()
    }

    pub(super) fn body(&self, facts: &Facts) -> String {
        self.body.fill(facts, &self.custom, self.body_type)
    }
}

/// What OSS says of a parameter that it cannot read: message and EC.
struct Parameter {
    name: &'static str,
    too_long: (&'static str, &'static str),
    not_base64: (&'static str, &'static str),
    not_json: (&'static str, &'static str),
}

const CALLBACK: Parameter = Parameter {
    name: "callback",
    too_long: ("The length of callback exceed max value.", "0007-00000001"),
    not_base64: ("The callback configuration is not base64 encoded.", "0007-00000002"),
    not_json: ("The callback configuration is not json format.", "0007-00000003"),
};

const CALLBACK_VAR: Parameter = Parameter {
    name: "callback-var",
    too_long: ("The length of callback var exceed max value.", "0007-00000101"),
    not_base64: ("The callback var is not base64 encoded.", "0007-00000102"),
    not_json: (NOT_EXPECTED_JSON, "0007-00000103"),
};

/// The spelling is OSS's.
const NOT_EXPECTED_JSON: &str = "The callback var is not expecten json.";

/// base64 of a JSON object.
fn parameter(text: &str, parameter: &Parameter) -> Result<Map<String, Value>, OssError> {
    let refuse = |(message, ec): (&str, &str), value: &str| invalid(message, ec, parameter.name, value);
    if text.len() > MAX_LENGTH {
        return Err(refuse(parameter.too_long, text));
    }
    let standard = text.replace('-', "+").replace('_', "/");
    let bytes = BASE64.decode(standard).map_err(|_| refuse(parameter.not_base64, text))?;
    let json = String::from_utf8_lossy(&bytes);
    serde_json::from_slice(&bytes).map_err(|_| refuse(parameter.not_json, &json))
}

/// A field that is a text, if it is there and not empty.
fn text<'a>(fields: &'a Map<String, Value>, name: &str, message: &str, ec: &str) -> Result<Option<&'a str>, OssError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(other) => Err(invalid(message, ec, name, &other.to_string())),
    }
}

fn urls(fields: &Map<String, Value>) -> Result<Option<Vec<Url>>, OssError> {
    const NAME: &str = "callbackUrl";
    const INVALID: (&str, &str) = ("The callback url is invalid.", "0007-00000004");
    let Some(joined) = text(fields, NAME, INVALID.0, INVALID.1)? else {
        return Ok(None);
    };
    let parts: Vec<&str> = joined.split(';').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() > MAX_URLS {
        return Err(invalid("The number of callback url exceed max value.", "0007-00000005", NAME, joined));
    }
    let urls: Option<Vec<Url>> = parts.into_iter().map(url).collect();
    match urls {
        Some(urls) if !urls.is_empty() => Ok(Some(urls)),
        _ => Err(invalid(INVALID.0, INVALID.1, NAME, joined)),
    }
}

/// http or https, by name or IPv4; the scheme may be missing.
fn url(text: &str) -> Option<Url> {
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) }.ok()?;
    let host = url.host_str().filter(|host| !host.starts_with('['))?;
    let fits = matches!(url.scheme(), "http" | "https")
        && !host.is_empty()
        && url.username().is_empty()
        && url.password().is_none()
        && url.port() != Some(0);
    fits.then_some(url)
}

fn host(fields: &Map<String, Value>) -> Result<Option<HeaderValue>, OssError> {
    const NAME: &str = "callbackHost";
    const INVALID: (&str, &str) = ("The callback host is invalid.", "0007-00000009");
    let Some(host) = text(fields, NAME, INVALID.0, INVALID.1)? else {
        return Ok(None);
    };
    let clean = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'));
    let value = HeaderValue::from_str(host).ok().filter(|_| clean);
    value.map(Some).ok_or_else(|| invalid(INVALID.0, INVALID.1, NAME, host))
}

fn sni(fields: &Map<String, Value>) -> Result<bool, OssError> {
    match fields.get("callbackSNI") {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(sni)) => Ok(*sni),
        // Clients that keep all parameters in a map of texts.
        Some(Value::String(text)) if matches!(text.as_str(), "true" | "false") => Ok(text == "true"),
        Some(other) => Err(OssError::new(OssCode::InvalidArgument, "The callback SNI is invalid.")
            .detail("ArgumentName", "callbackSNI")
            .detail("ArgumentValue", other.to_string())),
    }
}

fn body(fields: &Map<String, Value>) -> Result<(Template, BodyType), OssError> {
    const NAME: &str = "callbackBody";
    let Some(body) = text(fields, NAME, "The callback body is invalid.", "0007-00000010")? else {
        return Err(invalid("The callback body is empty.", "0007-00000011", NAME, ""));
    };
    let wrong_type = "The callback body type is invalid.";
    let body_type = match text(fields, "callbackBodyType", wrong_type, "0007-00000012")? {
        None => BodyType::Form,
        Some(name) => *[BodyType::Form, BodyType::Json]
            .iter()
            .find(|body_type| body_type.as_str().eq_ignore_ascii_case(name))
            .ok_or_else(|| invalid(wrong_type, "0007-00000013", "callbackBodyType", name))?,
    };
    let template =
        Template::parse(body).map_err(|message| invalid(message, "0007-00000105", "ReplaceKeyPrefix", body))?;
    Ok((template, body_type))
}

fn custom(text: Option<&str>) -> Result<BTreeMap<String, String>, OssError> {
    let Some(text) = text else {
        return Ok(BTreeMap::new());
    };
    let fields = parameter(text, &CALLBACK_VAR)?;
    let mut custom = BTreeMap::new();
    for (name, value) in fields {
        let Value::String(value) = value else {
            return Err(invalid(NOT_EXPECTED_JSON, "0007-00000104", CALLBACK_VAR.name, &value.to_string()));
        };
        // A name of another form can never be asked for; OSS takes the upload all the same.
        if name.starts_with("x:") {
            custom.insert(name, value);
        }
    }
    Ok(custom)
}

fn invalid(message: &str, ec: &str, name: &str, value: &str) -> OssError {
    OssError::new(OssCode::InvalidArgument, message).ec(ec).detail("ArgumentName", name).detail("ArgumentValue", value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
    use serde_json::json;

    fn read(callback: &Value, var: &Value) -> Result<Option<Plan>, OssError> {
        Plan::read(Some(&STANDARD.encode(callback.to_string())), Some(&STANDARD.encode(var.to_string())))
    }

    fn with(field: &str, value: Value) -> Value {
        let mut callback = json!({ "callbackUrl": "a.example", "callbackBody": "b" });
        callback[field] = value;
        callback
    }

    #[test]
    fn what_is_wrong_is_said_as_oss_says_it() {
        let none = json!({});
        let long = "A".repeat(MAX_LENGTH + 4);
        let raw = |callback: &str, var: Option<&str>| Plan::read(Some(callback), var);
        let fine = STANDARD.encode(with("callbackBody", json!("b")).to_string());
        let url = |url: &str| read(&with("callbackUrl", json!(url)), &none);
        for (outcome, ec, name, message) in [
            (raw(&long, None), "01", "callback", "The length of callback exceed max value."),
            (raw("x123-*&", None), "02", "callback", "The callback configuration is not base64 encoded."),
            (raw("ZXJyb3IgYXJndW1lbnQ=", None), "03", "callback", "The callback configuration is not json format."),
            (raw("WzFd", None), "03", "callback", "The callback configuration is not json format."),
            (raw("gA==", None), "03", "callback", "The callback configuration is not json format."),
            (url("www.example.com:test"), "04", "callbackUrl", "The callback url is invalid."),
            (url("ftp://a.example/"), "04", "callbackUrl", "The callback url is invalid."),
            (url("http://[::1]:80/"), "04", "callbackUrl", "The callback url is invalid."),
            (url("http://user:word@a.example/"), "04", "callbackUrl", "The callback url is invalid."),
            (url("a.example;http://"), "04", "callbackUrl", "The callback url is invalid."),
            (url(" ; "), "04", "callbackUrl", "The callback url is invalid."),
            (read(&with("callbackUrl", json!(1)), &none), "04", "callbackUrl", "The callback url is invalid."),
            (url("a;b;c;d;e;f;"), "05", "callbackUrl", "The number of callback url exceed max value."),
            (read(&with("callbackHost", json!([1])), &none), "09", "callbackHost", "The callback host is invalid."),
            (
                read(&with("callbackHost", json!("a\r\nb")), &none),
                "09",
                "callbackHost",
                "The callback host is invalid.",
            ),
            (read(&with("callbackBody", json!([1])), &none), "10", "callbackBody", "The callback body is invalid."),
            (read(&with("callbackBody", json!("")), &none), "11", "callbackBody", "The callback body is empty."),
            (read(&json!({ "callbackUrl": "a" }), &none), "11", "callbackBody", "The callback body is empty."),
            (
                read(&with("callbackBodyType", json!(123)), &none),
                "12",
                "callbackBodyType",
                "The callback body type is invalid.",
            ),
            (
                read(&with("callbackBodyType", json!("image/jpg")), &none),
                "13",
                "callbackBodyType",
                "The callback body type is invalid.",
            ),
            (raw(&fine, Some(&long)), "101", "callback-var", "The length of callback var exceed max value."),
            (raw(&fine, Some("x123-*&")), "102", "callback-var", "The callback var is not base64 encoded."),
            (raw(&fine, Some("e30x")), "103", "callback-var", "The callback var is not expecten json."),
            (
                read(&with("callbackBody", json!("b")), &json!({ "x:a": { "b": "c" } })),
                "104",
                "callback-var",
                "The callback var is not expecten json.",
            ),
            (
                read(&with("callbackBody", json!("size=${size}&my_var=$x:my_var}")), &none),
                "105",
                "ReplaceKeyPrefix",
                "Left brace must be adjacent to dollar sign.",
            ),
            (read(&with("callbackBody", json!("${size")), &none), "105", "ReplaceKeyPrefix", "Right brace is missing."),
        ] {
            let error = outcome.unwrap_err();
            assert_eq!((error.code.clone(), error.status), (OssCode::InvalidArgument, 400), "{error}");
            assert_eq!(error.message, message);
            assert_eq!(error.ec.as_deref(), Some(format!("0007-{ec:0>8}").as_str()), "{error}");
            assert_eq!(error.find_detail("ArgumentName"), Some(name), "{error}");
            assert!(error.find_detail("ArgumentValue").is_some(), "{error}");
        }
        // The decoded text, not the base64, so that a person sees the missing backslashes.
        let quotes = r#"{"callbackUrl":"8.8.8.8:9090","callbackBody":"{"bucket":${bucket}}"}"#;
        let error = raw(&STANDARD.encode(quotes), None).unwrap_err();
        assert_eq!(error.find_detail("ArgumentValue"), Some(quotes));
        let error = read(&with("additionalHeaders", json!({ "a": "b" })), &none).unwrap_err();
        assert_eq!(error.code, OssCode::NotImplemented);
        let error = read(&with("callbackSNI", json!(1)), &none).unwrap_err();
        assert_eq!(error.find_detail("ArgumentName"), Some("callbackSNI"));
    }

    #[test]
    fn no_url_is_no_callback() {
        let none = json!({});
        for callback in [json!({}), with("callbackUrl", json!("")), with("callbackUrl", Value::Null)] {
            assert_eq!(read(&callback, &none), Ok(None));
        }
        assert_eq!(Plan::read(None, Some("x123-*&")), Ok(None));
        assert_eq!(Plan::read(Some(" "), None), Ok(None));
    }

    #[test]
    fn every_field_is_taken() {
        let callback = json!({
            "callbackUrl": "127.0.0.1:8088/a;HTTPS://b.example/%E4%B8%AD?q=中;",
            "callbackHost": "c.example:81",
            "callbackBody": "${imageInfo.width}?>~",
            "callbackBodyType": "application/json",
            "callbackSNI": true,
            "later": 1,
        });
        let text = callback.to_string();
        let plan = Plan::read(Some(&STANDARD.encode(&text)), Some("eyJ4OmEiOiJiIn0")).unwrap().unwrap();
        let urls: Vec<_> = plan.urls().iter().map(Url::as_str).collect();
        assert_eq!(urls, ["http://127.0.0.1:8088/a", "https://b.example/%E4%B8%AD?q=%E4%B8%AD"]);
        assert_eq!(plan.host().unwrap(), "c.example:81");
        assert_eq!(plan.custom, BTreeMap::from([("x:a".to_owned(), "b".to_owned())]));
        assert!(plan.sni() && plan.wants_image_info() && plan.content_type() == "application/json");
        for encoded in [URL_SAFE.encode(&text), STANDARD_NO_PAD.encode(&text), STANDARD.encode(&text) + "\r\n"] {
            assert_eq!(Plan::read(Some(&encoded), Some("eyJ4OmEiOiJiIn0=")), Ok(Some(plan.clone())), "{encoded}");
        }
        let plain = json!({ "callbackUrl": "a", "callbackHost": "", "callbackBodyType": "", "callbackSNI": "false", "callbackBody": "b" });
        let plain = read(&plain, &json!({})).unwrap().unwrap();
        assert!(plain.host().is_none() && !plain.sni() && plain.content_type() == "application/x-www-form-urlencoded");
    }

    #[test]
    fn header_or_query_but_not_both() {
        let (callback, var) = (STANDARD.encode(with("callbackBody", json!("b")).to_string()), "eyJ4OmEiOiJiIn0=");
        let request = Request::new("PUT", Some("bucket"), Some("key"));
        assert_eq!(Plan::of(&request), Ok(None));
        let expected = Plan::read(Some(&callback), Some(var));
        let query = request.clone().with_param("callback", &callback).with_param("callback-var", var);
        assert_eq!(Plan::of(&query), expected);
        let header = request.with_header("x-oss-callback", &callback).with_header("x-oss-callback-var", var);
        assert_eq!(Plan::of(&header), expected);
        let error = Plan::of(&header.with_param("callback", &callback)).unwrap_err();
        assert_eq!(error.ec.as_deref(), Some("0007-00000027"));
    }
}
