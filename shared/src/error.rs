//! OSS errors, typed from the wire to the message that a person reads (`oss-rest.md` §2.1, §4).

use std::fmt;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_xml_entity};
use quick_xml::events::Event;

macro_rules! codes {
    ($($name:ident = $status:literal),* $(,)?) => {
        /// The `Code` of an OSS error. Anything that this list lacks is kept as text.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum OssCode {
            $(#[doc = concat!("`", stringify!($name), "`, usually HTTP ", stringify!($status))] $name,)*
            /// A code that this program does not know.
            Other(String),
        }

        impl OssCode {
            /// The code as it stands in XML.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    Self::Other(text) => text,
                }
            }

            /// Reads a code; total.
            pub fn from_wire(text: &str) -> Self {
                match text {
                    $(stringify!($name) => Self::$name,)*
                    other => Self::Other(other.to_owned()),
                }
            }

            /// The HTTP status that OSS sends with it.
            pub fn http_status(&self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                    Self::Other(_) => 400,
                }
            }
        }
    };
}

codes! {
    AccessDenied = 403,
    AccessForbidden = 403,
    AccessKeyIdAndSecurityTokenNotMatch = 403,
    AccessMonitorDisableNotAllowed = 400,
    BadRequest = 400,
    BadWebPImage = 400,
    BucketAlreadyExists = 409,
    BucketNotEmpty = 409,
    CallbackFailed = 203,
    CutEdgeExceedRange = 400,
    EntityTooLarge = 400,
    EntityTooSmall = 400,
    FieldItemTooLong = 400,
    FileAlreadyExists = 409,
    ImageDamage = 403,
    ImageTooLarge = 400,
    IncorrectNumberOfFilesInPOSTRequest = 400,
    InlineDataTooLarge = 400,
    InternalError = 500,
    InvalidAccessKeyId = 403,
    InvalidArgument = 400,
    InvalidBucketName = 400,
    InvalidDigest = 400,
    InvalidEncryptionAlgorithmError = 400,
    InvalidLocationConstraint = 400,
    InvalidObjectName = 400,
    InvalidObjectState = 403,
    InvalidPart = 400,
    InvalidPartOrder = 400,
    InvalidPolicyDocument = 400,
    InvalidRange = 416,
    InvalidRequest = 400,
    InvalidSecurityToken = 403,
    InvalidTag = 400,
    InvalidTargetBucketForLogging = 400,
    InvalidTargetType = 400,
    MalformedPOSTRequest = 400,
    MalformedXML = 400,
    MethodNotAllowed = 405,
    MissingArgument = 400,
    MissingContentLength = 411,
    NoSuchArchiveDirectReadConfiguration = 404,
    NoSuchBucket = 404,
    NoSuchBucketPolicy = 404,
    NoSuchCORSConfiguration = 404,
    NoSuchKey = 404,
    NoSuchLifecycle = 404,
    NoSuchServerSideEncryptionRule = 404,
    NoSuchStyle = 404,
    NoSuchTransferAccelerationConfiguration = 404,
    NoSuchUpload = 404,
    NoSuchUserDefinedLogFieldsConfig = 404,
    NoSuchVersion = 404,
    NoSuchWebsiteConfiguration = 404,
    NotImplemented = 501,
    NotModified = 304,
    NotSymlink = 400,
    ObjectNotAppendable = 409,
    OperationNotSupported = 400,
    PositionNotEqualToLength = 409,
    PreconditionFailed = 412,
    RequestIsNotMultiPartContent = 400,
    RequestTimeTooSkewed = 403,
    RequestTimeout = 400,
    RestoreAlreadyInProgress = 409,
    SecurityTokenExpired = 403,
    ServiceUnavailable = 503,
    SignatureDoesNotMatch = 403,
    SymlinkTargetNotExist = 404,
    TooManyBuckets = 400,
    TooManyPipe = 400,
    UserDisable = 403,
    WatermarkError = 400,
}

impl fmt::Display for OssCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One refusal by OSS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OssError {
    /// What is wrong, for programs.
    pub code: OssCode,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, in OSS's words.
    pub message: String,
    /// The finer code (`0002-00000040`), for documentation; programs must not rely on it.
    pub ec: Option<String>,
    /// Names the request in the service's log.
    pub request_id: String,
    /// The host that the request was sent to.
    pub host_id: String,
    /// Further elements, in order. A name with a slash stands inside another element (`AccessDeniedDetail/PolicyType`).
    pub details: Vec<(String, String)>,
}

impl OssError {
    /// An error with the usual status of its code.
    pub fn new(code: OssCode, message: impl Into<String>) -> Self {
        Self {
            status: code.http_status(),
            code,
            message: message.into(),
            ec: None,
            request_id: String::new(),
            host_id: String::new(),
            details: Vec::new(),
        }
    }

    /// With the finer code.
    #[must_use]
    pub fn ec(mut self, ec: &str) -> Self {
        self.ec = Some(ec.to_owned());
        self
    }

    /// With one more element.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.push((name.to_owned(), value.into()));
        self
    }

    /// The value of a further element.
    pub fn find_detail(&self, name: &str) -> Option<&str> {
        self.details.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body that OSS sends.
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n");
        push_element(&mut xml, "Code", self.code.as_str());
        push_element(&mut xml, "Message", &self.message);
        push_element(&mut xml, "RequestId", &self.request_id);
        push_element(&mut xml, "HostId", &self.host_id);
        let mut inside: Option<&str> = None;
        for (name, value) in &self.details {
            let (parent, child) = name.split_once('/').map_or((None, name.as_str()), |(p, c)| (Some(p), c));
            if inside != parent {
                close_and_open(&mut xml, inside, parent);
                inside = parent;
            }
            push_element(&mut xml, child, value);
        }
        close_and_open(&mut xml, inside, None);
        if let Some(ec) = &self.ec {
            push_element(&mut xml, "EC", ec);
            push_element(&mut xml, "RecommendDoc", &format!("https://api.aliyun.com/troubleshoot?q={ec}"));
        }
        xml.push_str("</Error>\n");
        xml
    }

    /// Reads an error body. A body that is no OSS error yields [`OssCode::Other`] with what the status says.
    pub fn from_xml(status: u16, body: &str) -> Self {
        let mut error = Self::new(
            OssCode::Other(format!("Http{status}")),
            format!("the server answered HTTP {status} without an OSS error body"),
        );
        error.status = status;
        for (path, text) in elements(body) {
            match path.as_str() {
                "Error/Code" => error.code = OssCode::from_wire(&text),
                "Error/Message" => error.message = text,
                "Error/RequestId" => error.request_id = text,
                "Error/HostId" => error.host_id = text,
                "Error/EC" => error.ec = Some(text),
                "Error/RecommendDoc" => {}
                other => {
                    if let Some(name) = other.strip_prefix("Error/") {
                        error.details.push((name.to_owned(), text));
                    }
                }
            }
        }
        error
    }
}

impl fmt::Display for OssError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(ec) = &self.ec {
            write!(f, " (EC {ec})")?;
        }
        Ok(())
    }
}

impl std::error::Error for OssError {}

/// Appends `<name>value</name>`. Characters that XML cannot carry become U+FFFD.
pub fn push_element(xml: &mut String, name: &str, value: &str) {
    let forbidden =
        |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    let value = value.replace(forbidden, "\u{fffd}");
    // As it is, a carriage return would be read as a line feed (XML 1.0 §2.11).
    let value = escape(&value).replace('\r', "&#13;");
    xml.push_str(&format!("  <{name}>{value}</{name}>\n"));
}

fn close_and_open(xml: &mut String, close: Option<&str>, open: Option<&str>) {
    if let Some(name) = close {
        xml.push_str(&format!("  </{name}>\n"));
    }
    if let Some(name) = open {
        xml.push_str(&format!("  <{name}>\n"));
    }
}

/// No XML of OSS is deeper; a hostile one may be.
const MAX_DEPTH: usize = 16;
/// The longest path that is built: each leaf has a copy, so long names around many leaves would take memory without end.
const MAX_PATH: usize = 256;
/// The parts of a CompleteMultipartUpload, the longest list of all, have half as many.
const MAX_LEAVES: usize = 40_000;

/// Every leaf element of a small XML text as (path, text), in order: `Error/Code`. Stops quietly where the text is no longer XML,
/// or goes beyond what any XML of OSS has.
pub fn elements(body: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(body);
    let (mut path, mut depth, mut found) = (String::new(), 0, Vec::new());
    let (mut text, mut leaf) = (String::new(), false);
    while found.len() < MAX_LEAVES {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                depth += 1;
                match path_to(&path, tag.local_name().as_ref()) {
                    Some(longer) if depth <= MAX_DEPTH => path = longer,
                    _ => break,
                }
                text.clear();
                leaf = true;
            }
            Ok(Event::Text(piece)) => text.push_str(&piece.xml10_content()),
            Ok(Event::CData(piece)) => text.push_str(&piece.xml10_content()),
            Ok(Event::GeneralRef(entity)) => match entity.resolve_char_ref() {
                Ok(Some(c)) => text.push(c),
                _ => text.push_str(resolve_xml_entity(&entity).unwrap_or_default()),
            },
            Ok(Event::End(_)) => {
                if leaf {
                    found.push((path.clone(), std::mem::take(&mut text)));
                }
                leaf = false;
                depth = depth.saturating_sub(1);
                path.truncate(path.rfind('/').unwrap_or_default());
            }
            Ok(Event::Empty(tag)) => match path_to(&path, tag.local_name().as_ref()) {
                Some(path) => found.push((path, String::new())),
                None => break,
            },
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    found
}

fn path_to(parent: &str, name: &str) -> Option<String> {
    let fits = parent.len() + 1 + name.len() <= MAX_PATH;
    fits.then(|| if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_wire() {
        let mut error = OssError::new(OssCode::AccessDenied, "Access denied by authorizer's policy. <&>")
            .ec("0003-00000301")
            .detail("AccessDeniedDetail/PolicyType", "SessionPolicy")
            .detail("AccessDeniedDetail/AuthAction", "oss:PutObject")
            .detail("Key", "a\rb\r\nc\n")
            .detail("Bucket", "照片");
        error.request_id = "5C3D9175B6FC201293AD4890".to_owned();
        error.host_id = "127.0.0.1".to_owned();
        assert_eq!(OssError::from_xml(403, &error.to_xml()), error);
    }

    #[test]
    fn what_is_read_is_bounded() {
        let size = |body: &str| elements(body).iter().map(|(path, text)| path.len() + text.len()).sum::<usize>();
        assert_eq!(elements("<a><b><c/>&lt;</b><d>1</d></a>").last(), Some(&("a/d".to_owned(), "1".to_owned())));
        for bomb in [
            format!("<{}>{}", "A".repeat(50_000), "<b/>".repeat(20_000)),
            "<a>".repeat(100_000) + &"<b/>".repeat(20_000),
            format!("<{}>", "A".repeat(100)).repeat(16) + &"<b/>".repeat(100_000),
            format!("<a>{}", "<b/>".repeat(500_000)),
        ] {
            assert!(size(&bomb) <= MAX_PATH * MAX_LEAVES, "{bomb:.80}");
        }
        let parts = "<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>".repeat(10_000);
        assert_eq!(elements(&format!("<C>{parts}</C>")).len(), 20_000);
    }

    #[test]
    fn any_body_can_be_read() {
        assert_eq!(OssError::from_xml(502, "<html><body>Bad gateway").code, OssCode::Other("Http502".to_owned()));
        assert_eq!(OssError::from_xml(500, "").status, 500);
        assert_eq!(OssError::from_xml(403, "<Error><Code>Odd&#65;&lt;</Code>").code.as_str(), "OddA<");
    }
}
