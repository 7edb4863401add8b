//! Which operation of OSS a request asks for, and the RAM action that it needs (`oss-actions.json`).

use shared::error::{OssCode, OssError};
use shared::sign::Request;

/// An operation that this emulator performs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `GET /`
    ListBuckets,
    /// `PUT /bucket`
    PutBucket,
    /// `GET /bucket?bucketInfo`
    GetBucketInfo,
    /// `GET /bucket?location`
    GetBucketLocation,
    /// `GET /bucket`
    ListObjects,
    /// `GET /bucket?list-type=2`
    ListObjectsV2,
    /// `GET /bucket?uploads`
    ListMultipartUploads,
    /// `PUT /bucket/key`
    PutObject,
    /// `GET /bucket/key`
    GetObject,
    /// `HEAD /bucket/key`
    HeadObject,
    /// `HEAD /bucket/key?objectMeta`
    GetObjectMeta,
    /// `DELETE /bucket/key`
    DeleteObject,
    /// `POST /bucket/key?uploads`
    InitiateMultipartUpload,
    /// `PUT /bucket/key?partNumber&uploadId`
    UploadPart {
        /// 1 to 10000.
        number: u32,
        /// As InitiateMultipartUpload returned it.
        upload_id: String,
    },
    /// `POST /bucket/key?uploadId`
    CompleteMultipartUpload(String),
    /// `DELETE /bucket/key?uploadId`
    AbortMultipartUpload(String),
    /// `GET /bucket/key?uploadId`
    ListParts(String),
}

/// Query parameters that choose another operation than the path and the method alone would. Sorted.
const SELECTORS: &[&str] = &[
    "accessPoint",
    "accessPointPolicy",
    "accessmonitor",
    "acl",
    "append",
    "asyncFetch",
    "bucketArchiveDirectRead",
    "bucketInfo",
    "cloudboxes",
    "cname",
    "comp",
    "cors",
    "delete",
    "encryption",
    "httpsConfig",
    "img",
    "inventory",
    "inventoryId",
    "lifecycle",
    "link",
    "live",
    "location",
    "logging",
    "metaQuery",
    "objectInfo",
    "objectMeta",
    "partNumber",
    "policy",
    "policyStatus",
    "position",
    "publicAccessBlock",
    "qos",
    "qosInfo",
    "qosRequester",
    "redundancyTransition",
    "referer",
    "regionList",
    "regions",
    "replication",
    "replicationLocation",
    "replicationProgress",
    "requestPayment",
    "requesterQosInfo",
    "resourceGroup",
    "resourcePool",
    "responseHeader",
    "restore",
    "rtc",
    "seal",
    "sequential",
    "stat",
    "status",
    "style",
    "symlink",
    "tagging",
    "transferAcceleration",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "vod",
    "website",
    "worm",
    "wormExtend",
    "wormId",
    "x-oss-async-process",
];

/// Headers that ask for what is not implemented; to overlook one would be to answer 200 to something else.
const UNSUPPORTED_HEADERS: &[&str] = &[
    "x-oss-callback",
    "x-oss-copy-source",
    "x-oss-forbid-overwrite",
    "x-oss-object-acl",
    "x-oss-server-side-encryption",
    "x-oss-tagging",
    "x-oss-traffic-limit",
];

/// Query parameters of the same kind.
const UNSUPPORTED_PARAMETERS: &[&str] = &["callback", "x-oss-traffic-limit"];

impl Operation {
    /// Recognises the operation.
    ///
    /// # Errors
    /// `NotImplemented` for what OSS has and this emulator lacks, `MethodNotAllowed`, `InvalidArgument`.
    pub fn recognise(request: &Request) -> Result<Self, OssError> {
        let mut selectors: Vec<&str> =
            request.query.iter().map(|(name, _)| name.as_str()).filter(|name| SELECTORS.contains(name)).collect();
        selectors.sort_unstable();
        selectors.dedup();
        let upload_id = || request.param("uploadId").unwrap_or_default().to_owned();
        let place = (request.method.as_str(), request.bucket.is_some(), request.key.is_some());
        let operation = match (place, selectors.as_slice()) {
            (("GET", false, _), []) => Self::ListBuckets,
            (("PUT", true, false), []) => Self::PutBucket,
            (("GET", true, false), ["bucketInfo"]) => Self::GetBucketInfo,
            (("GET", true, false), ["location"]) => Self::GetBucketLocation,
            (("GET", true, false), ["uploads"]) => Self::ListMultipartUploads,
            (("GET", true, false), []) => match request.param("list-type") {
                None => Self::ListObjects,
                Some("2") => Self::ListObjectsV2,
                Some(other) => return Err(invalid_argument("list-type", other)),
            },
            (("PUT", true, true), []) => Self::PutObject,
            (("GET", true, true), []) => Self::GetObject,
            (("HEAD", true, true), []) => Self::HeadObject,
            (("HEAD" | "GET", true, true), ["objectMeta"]) => Self::GetObjectMeta,
            (("DELETE", true, true), []) => Self::DeleteObject,
            (("POST", true, true), ["uploads"]) => Self::InitiateMultipartUpload,
            (("PUT", true, true), ["partNumber", "uploadId"]) => Self::UploadPart {
                number: part_number(request.param("partNumber").unwrap_or_default())?,
                upload_id: upload_id(),
            },
            (("POST", true, true), ["uploadId"]) => Self::CompleteMultipartUpload(upload_id()),
            (("DELETE", true, true), ["uploadId"]) => Self::AbortMultipartUpload(upload_id()),
            (("GET", true, true), ["uploadId"]) => Self::ListParts(upload_id()),
            (("GET" | "HEAD" | "PUT" | "POST" | "DELETE" | "OPTIONS", ..), _) => {
                return Err(not_implemented(&described(request, &selectors)));
            }
            _ => {
                let message = "The specified method is not allowed against this resource.";
                return Err(OssError::new(OssCode::MethodNotAllowed, message));
            }
        };
        refuse_unsupported(request)?;
        Ok(operation)
    }

    /// The operation's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ListBuckets => "ListBuckets",
            Self::PutBucket => "PutBucket",
            Self::GetBucketInfo => "GetBucketInfo",
            Self::GetBucketLocation => "GetBucketLocation",
            Self::ListObjects => "ListObjects",
            Self::ListObjectsV2 => "ListObjectsV2",
            Self::ListMultipartUploads => "ListMultipartUploads",
            Self::PutObject => "PutObject",
            Self::GetObject => "GetObject",
            Self::HeadObject => "HeadObject",
            Self::GetObjectMeta => "GetObjectMeta",
            Self::DeleteObject => "DeleteObject",
            Self::InitiateMultipartUpload => "InitiateMultipartUpload",
            Self::UploadPart { .. } => "UploadPart",
            Self::CompleteMultipartUpload(_) => "CompleteMultipartUpload",
            Self::AbortMultipartUpload(_) => "AbortMultipartUpload",
            Self::ListParts(_) => "ListParts",
        }
    }

    /// The RAM action that it needs.
    pub fn action(&self) -> &'static str {
        match self {
            Self::ListBuckets => "oss:ListBuckets",
            Self::PutBucket => "oss:PutBucket",
            Self::GetBucketInfo => "oss:GetBucketInfo",
            Self::GetBucketLocation => "oss:GetBucketLocation",
            Self::ListObjects | Self::ListObjectsV2 => "oss:ListObjects",
            Self::ListMultipartUploads => "oss:ListMultipartUploads",
            Self::PutObject
            | Self::InitiateMultipartUpload
            | Self::UploadPart { .. }
            | Self::CompleteMultipartUpload(_) => "oss:PutObject",
            Self::GetObject | Self::HeadObject | Self::GetObjectMeta => "oss:GetObject",
            Self::DeleteObject => "oss:DeleteObject",
            Self::AbortMultipartUpload(_) => "oss:AbortMultipartUpload",
            Self::ListParts(_) => "oss:ListParts",
        }
    }

    /// Whether it lists, so that a policy may look at `oss:Prefix` and `oss:Delimiter`.
    pub fn lists(&self) -> bool {
        matches!(self, Self::ListObjects | Self::ListObjectsV2 | Self::ListMultipartUploads)
    }

    /// The part, for UploadPart.
    pub fn part_number(&self) -> Option<u32> {
        match self {
            Self::UploadPart { number, .. } => Some(*number),
            _ => None,
        }
    }
}

/// 400 `InvalidArgument` about one parameter.
pub fn invalid_argument(name: &str, value: &str) -> OssError {
    OssError::new(OssCode::InvalidArgument, format!("The value of {name} is invalid."))
        .detail("ArgumentName", name)
        .detail("ArgumentValue", value)
}

fn not_implemented(what: &str) -> OssError {
    OssError::new(
        OssCode::NotImplemented,
        format!("{what} is not implemented by this emulator; SUPPORT.md lists what is."),
    )
}

fn part_number(text: &str) -> Result<u32, OssError> {
    text.parse().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
        OssError::new(OssCode::InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive.")
            .detail("ArgumentName", "partNumber")
            .detail("ArgumentValue", text)
    })
}

/// `PUT /bucket/key?acl`, as SUPPORT.md writes it.
fn described(request: &Request, selectors: &[&str]) -> String {
    let path = match (&request.bucket, &request.key) {
        (None, _) => "/",
        (Some(_), None) => "/bucket",
        (Some(_), Some(_)) => "/bucket/key",
    };
    let query = if selectors.is_empty() { String::new() } else { format!("?{}", selectors.join("&")) };
    format!("The operation {} {path}{query}", request.method)
}

fn refuse_unsupported(request: &Request) -> Result<(), OssError> {
    for name in UNSUPPORTED_HEADERS {
        if request.header(name).is_some() {
            return Err(not_implemented(&format!("The request header {name}")));
        }
    }
    for name in UNSUPPORTED_PARAMETERS {
        if request.param(name).is_some() {
            return Err(not_implemented(&format!("The query parameter {name}")));
        }
    }
    match request.header("x-oss-storage-class") {
        None | Some("Standard") => {}
        Some(class) => return Err(not_implemented(&format!("The storage class {class}"))),
    }
    match request.header("x-oss-acl") {
        None | Some("private") => Ok(()),
        Some(acl) => Err(not_implemented(&format!("The bucket ACL {acl}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(method: &str, bucket: Option<&str>, key: Option<&str>, query: &[(&str, &str)]) -> String {
        let mut request = Request::new(method, bucket, key);
        for (name, value) in query {
            request = request.with_param(name, value);
        }
        match Operation::recognise(&request) {
            Ok(operation) => format!("{} {}", operation.name(), operation.action()),
            Err(error) => error.code.to_string(),
        }
    }

    #[test]
    fn nothing_unknown_passes_as_something_known() {
        assert!(SELECTORS.is_sorted());
        let (b, k) = (Some("b"), Some("k"));
        for (method, bucket, key, query, expected) in [
            ("GET", None, None, &[][..], "ListBuckets oss:ListBuckets"),
            ("GET", b, None, &[("prefix", "x")], "ListObjects oss:ListObjects"),
            ("GET", b, None, &[("list-type", "2")], "ListObjectsV2 oss:ListObjects"),
            ("GET", b, None, &[("list-type", "3")], "InvalidArgument"),
            ("GET", b, None, &[("acl", "")], "NotImplemented"),
            ("GET", b, k, &[("versionId", "1")], "NotImplemented"),
            ("GET", b, k, &[("x-oss-process", "image/info")], "GetObject oss:GetObject"),
            ("PUT", b, k, &[("partNumber", "1"), ("uploadId", "U")], "UploadPart oss:PutObject"),
            ("PUT", b, k, &[("partNumber", "0"), ("uploadId", "U")], "InvalidArgument"),
            ("PUT", b, k, &[("partNumber", "10001"), ("uploadId", "U")], "InvalidArgument"),
            ("PUT", b, k, &[("uploadId", "U")], "NotImplemented"),
            ("POST", b, k, &[("uploadId", "U")], "CompleteMultipartUpload oss:PutObject"),
            ("POST", b, k, &[("append", ""), ("position", "0")], "NotImplemented"),
            ("POST", b, None, &[], "NotImplemented"),
            ("DELETE", b, k, &[], "DeleteObject oss:DeleteObject"),
            ("DELETE", b, None, &[], "NotImplemented"),
            ("PATCH", b, k, &[], "MethodNotAllowed"),
        ] {
            assert_eq!(recognised(method, bucket, key, query), expected, "{method} {bucket:?} {key:?} {query:?}");
        }
        let copy = Request::new("PUT", b, k).with_header("x-oss-copy-source", "/b/other");
        assert_eq!(Operation::recognise(&copy).map_err(|error| error.code), Err(OssCode::NotImplemented));
    }
}
