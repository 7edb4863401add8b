//! Which operation of OSS a request asks for, and the RAM action that it needs.

mod row;
mod support;
mod table;

use shared::error::{OssCode, OssError};
use shared::sign::Request;

pub use row::{Place, Plane, Row};
pub use support::support_table;
pub use table::TABLE;

/// What performs an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the table says of each how it is asked for
pub enum Op {
    AbortMultipartUpload,
    AppendObject,
    CompleteMultipartUpload,
    CopyObject,
    DeleteBucket,
    DeleteMultipleObjects,
    DeleteObject,
    DeleteObjectTagging,
    DeleteSetting,
    DeleteStyle,
    DescribeRegions,
    GetBucketAcl,
    GetBucketInfo,
    GetBucketLocation,
    GetBucketStat,
    GetBucketVersioning,
    GetObject,
    GetObjectAcl,
    GetObjectMeta,
    GetObjectTagging,
    GetSetting,
    GetStyle,
    GetSymlink,
    HeadBucket,
    HeadObject,
    InitiateMultipartUpload,
    ListBuckets,
    ListLiveChannel,
    ListMultipartUploads,
    ListObjectVersions,
    ListObjects,
    ListObjectsV2,
    ListParts,
    ListStyle,
    PostObject,
    Preflight,
    ProcessObject,
    PutBucket,
    PutBucketAcl,
    PutBucketVersioning,
    PutObject,
    PutObjectAcl,
    PutObjectTagging,
    PutSetting,
    PutStyle,
    PutSymlink,
    RestoreObject,
    UploadPart,
    UploadPartCopy,
}

/// An operation that this emulator performs, as one request asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    row: &'static Row,
    op: Op,
    versioned: bool,
}

/// Parameters that choose an operation of OSS which no row has: to overlook one would be to do something else.
const OTHER_SELECTORS: &[&str] = &[
    "accessPoint",
    "accessPointConfigForObjectProcess",
    "accessPointForObjectProcess",
    "accessPointPolicy",
    "accessPointPolicyForObjectProcess",
    "asyncFetch",
    "bucketVersioning",
    "callback-trigger",
    "cloudboxes",
    "img",
    "link",
    "objectInfo",
    "objectRetention",
    "legalHold",
    "qos",
    "resourcePool",
    "resourcePoolBuckets",
    "resourcePoolInfo",
    "responseHeader",
    "retention",
    "sequential",
    "x-oss-access-point-name",
    "x-oss-write-get-object-response",
];

/// Parameters that choose nothing, also where they stand without a value.
const PLAIN: &[&str] = &[
    "Expires",
    "OSSAccessKeyId",
    "Signature",
    "callback",
    "callback-var",
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "list-type",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "position",
    "prefix",
    "security-token",
    "start-after",
    "tag-key",
    "tag-value",
    "upload-id-marker",
    "version-id-marker",
    "versionId",
];

impl Operation {
    /// Recognises the operation.
    ///
    /// # Errors
    /// `NotImplemented` for what OSS has and this emulator lacks, `MethodNotAllowed`, `InvalidArgument`.
    pub fn recognise(request: &Request) -> Result<Self, OssError> {
        if let Some(other) = request.param("list-type").filter(|value| *value != "2" && request.key.is_none()) {
            return Err(invalid_argument("list-type", other));
        }
        let selectors = selectors_of(request);
        let place = match (&request.bucket, &request.key) {
            (None, _) => Place::Service,
            (Some(_), None) => Place::Bucket,
            (Some(_), Some(_)) => Place::Object,
        };
        let method = request.method.as_str();
        if !matches!(method, "GET" | "HEAD" | "PUT" | "POST" | "DELETE" | "OPTIONS") {
            let message = "The specified method is not allowed against this resource.";
            return Err(OssError::new(OssCode::MethodNotAllowed, message).detail("Method", method));
        }
        let row = TABLE.iter().find(|row| {
            row.method == method && row.place == place && (row.op == Some(Op::Preflight) || row.selectors == selectors)
        });
        let Some((row, op)) = row.and_then(|row| Some((row, row.op?))) else {
            return Err(not_implemented(&described(request, row, &selectors)));
        };
        let versioned = request.param("versionId").is_some_and(|id| !id.is_empty());
        // A copy names its source's version in the header; the Python SDK repeats it here.
        let copy = row.selectors.contains(&"x-oss-copy-source");
        if versioned && row.version_action.is_none() && place == Place::Object && !copy {
            return Err(not_implemented(&format!("{} of a version (versionId)", row.name)));
        }
        Ok(Self { row, op, versioned })
    }

    /// What performs it.
    pub fn op(&self) -> Op {
        self.op
    }

    /// The operation's name.
    pub fn name(&self) -> &'static str {
        self.row.name
    }

    /// The RAM action that it needs.
    pub fn action(&self) -> &'static str {
        self.row.version_action.filter(|_| self.versioned).unwrap_or(self.row.action)
    }

    /// Who may, when no policy decides.
    pub fn plane(&self) -> Plane {
        self.row.plane
    }

    /// The sub-resource that it is about, for settings: `cors`, `policy`…
    pub fn sub_resource(&self) -> &'static str {
        self.row.selectors.first().copied().unwrap_or_default()
    }
}

/// What in the request chooses the operation, sorted.
fn selectors_of(request: &Request) -> Vec<String> {
    let known = |name: &str| OTHER_SELECTORS.contains(&name) || TABLE.iter().any(|row| row.selectors.contains(&name));
    let post = request.method == "POST";
    let mut selectors: Vec<String> = Vec::new();
    for (name, value) in &request.query {
        match name.as_str() {
            "comp" => selectors.push(format!("comp={value}")),
            "list-type" if request.key.is_none() => selectors.push(format!("list-type={value}")),
            // A list of buckets by tag.
            "tagging" if request.bucket.is_none() => {}
            // A picture that is read processed is still read.
            "x-oss-process" if !post => {}
            // Only a whole object can be deleted; the Python SDK leaves this in where it deletes a link's version.
            "symlink" if request.method == "DELETE" => {}
            name if known(name) || (value.is_empty() && unheard_of(request, name)) => selectors.push(name.to_owned()),
            _ => {}
        }
    }
    if request.method == "PUT" && request.key.is_some() && request.header("x-oss-copy-source").is_some() {
        selectors.push("x-oss-copy-source".to_owned());
    }
    let form = |value: &str| value.trim_start().to_ascii_lowercase().starts_with("multipart/form-data");
    // Nothing else is posted to a bucket without a parameter: what is no form is told so.
    let bare = request.query.is_empty();
    if post && request.key.is_none() && (bare || request.header("content-type").is_some_and(form)) {
        selectors.push("form".to_owned());
    }
    selectors.sort_unstable();
    selectors.dedup();
    selectors
}

/// Whether a parameter without a value may choose an operation that OSS has gained since: were it overlooked, `DELETE /bucket?quota`
/// would delete the bucket. Only the URLs of objects that are read have marks of their own, such as `?v2`.
fn unheard_of(request: &Request, name: &str) -> bool {
    let reads_object = request.key.is_some() && matches!(request.method.as_str(), "GET" | "HEAD");
    !reads_object && !PLAIN.contains(&name) && !name.starts_with("x-oss-") && !name.starts_with("response-")
}

/// 400 `InvalidArgument` about one parameter.
pub fn invalid_argument(name: &str, value: &str) -> OssError {
    OssError::new(OssCode::InvalidArgument, format!("The value of {name} is invalid."))
        .detail("ArgumentName", name)
        .detail("ArgumentValue", value)
}

/// 501, naming what is missing.
pub fn not_implemented(what: &str) -> OssError {
    OssError::new(
        OssCode::NotImplemented,
        format!("{what} is not implemented by this emulator; SUPPORT.md lists what is."),
    )
}

fn described(request: &Request, row: Option<&Row>, selectors: &[String]) -> String {
    if let Some(row) = row {
        return row.name.to_owned();
    }
    let place = match (&request.bucket, &request.key) {
        (None, _) => "/",
        (Some(_), None) => "/bucket",
        (Some(_), Some(_)) => "/bucket/key",
    };
    let mark = if selectors.is_empty() { "" } else { "?" };
    format!("{} {place}{mark}{}", request.method, selectors.join("&"))
}

#[cfg(test)]
mod tests;
