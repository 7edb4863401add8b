//! CORS: the rules of a bucket, the preflight that enforces them, and the headers of ordinary answers (`oss-rest.md` §2.5).

use shared::error::{OssCode, OssError};

use super::fault::{invalid, malformed};
use super::tree::{Node, Part};
use crate::xml::Xml;

/// Rules that a bucket may have (PutBucketCors).
const MAX_RULES: usize = 10;
const MAX_AGE_SECONDS: u64 = 999_999_999;
const METHODS: [&str; 5] = ["GET", "PUT", "DELETE", "POST", "HEAD"];

/// The CORS rules of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// One to ten; the first that fits a request answers it.
    pub rules: Vec<CorsRule>,
    /// Whether every answer of the bucket has `Vary: Origin`, be the request of another origin or not.
    pub response_vary: bool,
}

/// One rule. Each pattern has one `*` at most, for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsRule {
    /// Patterns of origins.
    pub origins: Vec<String>,
    /// Of GET, PUT, DELETE, POST and HEAD.
    pub methods: Vec<String>,
    /// Patterns of request headers, in lower case, as OSS returns them.
    pub headers: Vec<String>,
    /// Response headers that a page may read; no patterns.
    pub expose: Vec<String>,
    /// How long a browser may keep the preflight's answer, in seconds.
    pub max_age: Option<u64>,
}

/// What a fitting rule says to a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsHeaders {
    /// `Access-Control-Allow-Origin`: `*` where the rule says just that, otherwise the request's origin.
    pub allow_origin: String,
    /// `Access-Control-Allow-Methods`
    pub allow_methods: String,
    /// `Access-Control-Allow-Headers`: those that the preflight asked for, as it wrote them.
    pub allow_headers: Option<String>,
    /// `Access-Control-Expose-Headers`
    pub expose_headers: Option<String>,
    /// `Access-Control-Max-Age`, seconds
    pub max_age: Option<u64>,
    /// `Vary: Origin`
    pub vary: bool,
}

impl CorsHeaders {
    /// As names in lower case and values.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("access-control-allow-origin", self.allow_origin.clone()),
            ("access-control-allow-methods", self.allow_methods.clone()),
        ];
        let further = [
            ("access-control-allow-headers", self.allow_headers.clone()),
            ("access-control-expose-headers", self.expose_headers.clone()),
            ("access-control-max-age", self.max_age.map(|seconds| seconds.to_string())),
            ("vary", self.vary.then(|| "Origin".to_owned())),
        ];
        pairs.extend(further.into_iter().filter_map(|(name, value)| Some((name, value?))));
        pairs
    }
}

impl Cors {
    /// Reads a `CORSConfiguration`.
    ///
    /// # Errors
    /// `MalformedXML` (EC 0034-00000002 without a rule), `InvalidArgument` (EC 0034-00000011 for a method).
    pub fn parse(xml: &str) -> Result<Self, OssError> {
        let root = Node::parse(xml, "CORSConfiguration")?;
        root.check(&[("CORSRule", Part::Nodes), ("ResponseVary", Part::Text)])?;
        let rules = root.all("CORSRule").map(CorsRule::read).collect::<Result<Vec<_>, _>>()?;
        match rules.len() {
            0 => Err(malformed("there is no CORSRule").ec("0034-00000002")),
            1..=MAX_RULES => Ok(Self { rules, response_vary: root.flag("ResponseVary")?.unwrap_or(false) }),
            count => Err(invalid("CORSRule", count.to_string(), format!("a bucket has {MAX_RULES} rules at most"))),
        }
    }

    /// What GetBucketCors returns.
    pub fn to_xml(&self) -> String {
        let mut xml = Xml::new("CORSConfiguration");
        for rule in &self.rules {
            xml.open("CORSRule");
            for (name, values) in [
                ("AllowedOrigin", &rule.origins),
                ("AllowedMethod", &rule.methods),
                ("AllowedHeader", &rule.headers),
                ("ExposeHeader", &rule.expose),
            ] {
                for value in values {
                    xml.leaf(name, value);
                }
            }
            if let Some(seconds) = rule.max_age {
                xml.leaf("MaxAgeSeconds", seconds);
            }
            xml.close();
        }
        xml.leaf("ResponseVary", self.response_vary);
        xml.finish()
    }

    /// The headers of the answer to an ordinary request with an `Origin`; `None` when no rule fits.
    pub fn actual(&self, origin: &str, method: &str) -> Option<CorsHeaders> {
        let rule = self.rules.iter().find(|rule| rule.fits(origin, method))?;
        Some(rule.answer(origin, None, self.response_vary))
    }
}

/// 404, for a bucket without CORS rules.
pub fn missing() -> OssError {
    OssError::new(OssCode::NoSuchCORSConfiguration, "The CORS Configuration does not exist.").ec("0034-00000001")
}

/// Answers `OPTIONS /key` (unsigned): `cors` is `None` for a bucket without rules; the others are the request's `Origin`,
/// `Access-Control-Request-Method` and `Access-Control-Request-Headers`.
///
/// # Errors
/// 400 `BadRequest` without origin or method, 403 `AccessForbidden` when no rule fits.
pub fn preflight(
    cors: Option<&Cors>,
    origin: Option<&str>,
    method: Option<&str>,
    headers: Option<&str>,
) -> Result<CorsHeaders, OssError> {
    let given = |value: Option<&str>| value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
    let lacking =
        |what: &str| OssError::new(OssCode::BadRequest, format!("Insufficient information. {what} header needed"));
    let origin = given(origin).ok_or_else(|| lacking("Origin request"))?;
    let method = given(method).ok_or_else(|| lacking("Request Access-Control-Request-Method"))?;
    let headers = given(headers);
    let rule = cors.and_then(|cors| {
        let rule = cors.rules.iter().find(|rule| rule.fits(&origin, &method) && rule.allows(headers.as_deref()))?;
        Some(rule.answer(&origin, headers, cors.response_vary))
    });
    rule.ok_or_else(|| {
        // OSS spells it so.
        let message = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, \
                       request method / Access-Control-Request-Method or Access-Control-Requet-Headers are not \
                       whitelisted by the resource's CORS spec.";
        OssError::new(OssCode::AccessForbidden, message)
    })
}

impl CorsRule {
    fn read(node: &Node) -> Result<Self, OssError> {
        node.check(&[
            ("AllowedOrigin", Part::Texts),
            ("AllowedMethod", Part::Texts),
            ("AllowedHeader", Part::Texts),
            ("ExposeHeader", Part::Texts),
            ("MaxAgeSeconds", Part::Text),
        ])?;
        let methods = node.values("AllowedMethod");
        if let Some(bad) = methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
            let expected = format!("one of {} is expected", METHODS.join(", "));
            return Err(invalid("AllowedMethod", bad, expected).ec("0034-00000011"));
        }
        let origins = patterns(node, "AllowedOrigin", 1)?;
        for (name, values) in [("AllowedOrigin", &origins), ("AllowedMethod", &methods)] {
            if values.is_empty() {
                return Err(malformed(format!("a CORSRule has no {name}")));
            }
        }
        Ok(Self {
            origins,
            methods,
            headers: patterns(node, "AllowedHeader", 1)?.iter().map(|header| header.to_lowercase()).collect(),
            expose: patterns(node, "ExposeHeader", 0)?,
            max_age: node.number("MaxAgeSeconds", 0, MAX_AGE_SECONDS)?,
        })
    }

    fn fits(&self, origin: &str, method: &str) -> bool {
        self.origins.iter().any(|pattern| matches(pattern, origin)) && self.methods.iter().any(|known| known == method)
    }

    fn allows(&self, headers: Option<&str>) -> bool {
        let asked = headers.into_iter().flat_map(|list| list.split(',')).map(|header| header.trim().to_lowercase());
        asked.filter(|h| !h.is_empty()).all(|header| self.headers.iter().any(|pattern| matches(pattern, &header)))
    }

    fn answer(&self, origin: &str, allow_headers: Option<String>, vary: bool) -> CorsHeaders {
        let anyone = self.origins.iter().any(|pattern| pattern == "*");
        CorsHeaders {
            allow_origin: if anyone { "*".to_owned() } else { origin.to_owned() },
            allow_methods: self.methods.join(", "),
            allow_headers,
            expose_headers: (!self.expose.is_empty()).then(|| self.expose.join(", ")),
            max_age: self.max_age,
            vary,
        }
    }
}

/// The values of `name`, each with `stars` asterisks at most.
fn patterns(node: &Node, name: &str, stars: usize) -> Result<Vec<String>, OssError> {
    let values = node.values(name);
    match values.iter().find(|value| value.is_empty() || value.matches('*').count() > stars) {
        Some(bad) => Err(invalid(name, bad, format!("it must not be empty nor have more than {stars} asterisks"))),
        None => Ok(values),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "<CORSConfiguration>\
        <CORSRule><AllowedOrigin>http://a.com</AllowedOrigin><AllowedOrigin>https://*.b.com</AllowedOrigin>\
          <AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod>\
          <AllowedHeader>Authorization</AllowedHeader><AllowedHeader>x-oss-*</AllowedHeader>\
          <ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-oss-request-id</ExposeHeader>\
          <MaxAgeSeconds>100</MaxAgeSeconds></CORSRule>\
        <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod></CORSRule>\
        <ResponseVary>true</ResponseVary></CORSConfiguration>";

    /// Origin, method, headers asked for; the origin allowed, or the refusal.
    #[test]
    fn a_preflight_is_answered_by_the_first_rule_that_fits() {
        let cors = Cors::parse(RULES).unwrap();
        for (origin, method, headers, expected) in [
            (Some("http://a.com"), Some("GET"), None, Ok(("http://a.com", "GET, HEAD"))),
            (
                Some("http://a.com"),
                Some("HEAD"),
                Some("X-OSS-Meta-A, authorization"),
                Ok(("http://a.com", "GET, HEAD")),
            ),
            (Some("https://x.b.com"), Some("GET"), Some("x-oss-"), Ok(("https://x.b.com", "GET, HEAD"))),
            (Some("https://.b.com"), Some("GET"), None, Ok(("https://.b.com", "GET, HEAD"))),
            (Some("https://b.com"), Some("GET"), None, Err(OssCode::AccessForbidden)),
            (Some("http://x.b.com"), Some("GET"), None, Err(OssCode::AccessForbidden)),
            (Some("http://a.com"), Some("GET"), Some("x-oss-a,range"), Err(OssCode::AccessForbidden)),
            (Some("http://a.com"), Some("PUT"), None, Ok(("*", "PUT"))),
            (Some("null"), Some("PUT"), Some(""), Ok(("*", "PUT"))),
            (Some("http://a.com"), Some("put"), None, Err(OssCode::AccessForbidden)),
            (Some("http://a.com"), Some("DELETE"), None, Err(OssCode::AccessForbidden)),
            (None, Some("GET"), None, Err(OssCode::BadRequest)),
            (Some("http://a.com"), None, None, Err(OssCode::BadRequest)),
        ] {
            let answer = preflight(Some(&cors), origin, method, headers);
            let found = answer.map(|h| (h.allow_origin, h.allow_methods)).map_err(|error| error.code);
            let expected = expected.map(|(origin, methods)| (origin.to_owned(), methods.to_owned()));
            assert_eq!(found, expected, "{origin:?} {method:?} {headers:?}");
        }
        assert_eq!(preflight(None, Some("a"), Some("GET"), None).unwrap_err().status, 403);
    }

    #[test]
    fn the_headers_are_those_of_the_rule() {
        let cors = Cors::parse(RULES).unwrap();
        let pairs = |headers: CorsHeaders| {
            let written = headers.pairs().into_iter().map(|(name, value)| format!("{name}: {value}"));
            written.map(|line| line.replace("access-control-", "")).collect::<Vec<_>>()
        };
        let preflight = preflight(Some(&cors), Some("http://a.com"), Some("GET"), Some("X-OSS-Meta-A")).unwrap();
        let exposed = "expose-headers: ETag, x-oss-request-id";
        assert_eq!(
            pairs(preflight),
            [
                "allow-origin: http://a.com",
                "allow-methods: GET, HEAD",
                "allow-headers: X-OSS-Meta-A",
                exposed,
                "max-age: 100",
                "vary: Origin"
            ]
        );
        let actual = cors.actual("http://a.com", "GET").unwrap();
        assert_eq!(
            pairs(actual),
            ["allow-origin: http://a.com", "allow-methods: GET, HEAD", exposed, "max-age: 100", "vary: Origin"]
        );
        assert_eq!(cors.actual("http://z.com", "GET"), None);
    }

    #[test]
    fn rules_beyond_the_limits_are_refused() {
        let rule = |inside: &str| format!("<CORSConfiguration><CORSRule>{inside}</CORSRule></CORSConfiguration>");
        let origin = "<AllowedOrigin>*</AllowedOrigin>";
        let method = "<AllowedMethod>GET</AllowedMethod>";
        let eleven = rule(&vec![format!("{origin}{method}"); 11].join("</CORSRule><CORSRule>"));
        for (xml, code, ec) in [
            ("<CORSConfiguration/>".to_owned(), OssCode::MalformedXML, Some("0034-00000002")),
            (rule(origin), OssCode::MalformedXML, None),
            (rule(method), OssCode::MalformedXML, None),
            (
                rule(&format!("{origin}<AllowedMethod>OPTIONS</AllowedMethod>")),
                OssCode::InvalidArgument,
                Some("0034-00000011"),
            ),
            (rule(&format!("{method}<AllowedOrigin>*.a.*</AllowedOrigin>")), OssCode::InvalidArgument, None),
            (rule(&format!("{method}{origin}<ExposeHeader>x-*</ExposeHeader>")), OssCode::InvalidArgument, None),
            (rule(&format!("{method}{origin}<MaxAgeSeconds>-1</MaxAgeSeconds>")), OssCode::InvalidArgument, None),
            (eleven, OssCode::InvalidArgument, None),
        ] {
            let error = Cors::parse(&xml).unwrap_err();
            assert_eq!((error.code, error.ec.as_deref()), (code, ec), "{xml}");
        }
        let negative = rule(&format!("{method}{origin}<MaxAgeSeconds>-1</MaxAgeSeconds>"));
        let error = Cors::parse(&negative).unwrap_err();
        assert_eq!(
            (error.find_detail("ArgumentName"), error.find_detail("ArgumentValue")),
            (Some("MaxAgeSeconds"), Some("-1"))
        );
    }
}
