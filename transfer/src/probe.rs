//! Requests that find out what a token may do, and change nothing: OSS asks policies before it looks at the rest.

use shared::object_key::ObjectKey;

use crate::error::TransferError;
use crate::http::{Call, Http};

/// An upload that there is not.
const NO_UPLOAD: &str = "0004B9894A22E5B1888A1E29F8236E2D";
/// The MD5 of other bytes than those that are sent, so that OSS stores nothing.
const OTHER_MD5: &str = "AAAAAAAAAAAAAAAAAAAAAA==";
/// An ACL that there is not.
const NO_ACL: &str = "policy-probe";

/// What to ask for. All of it is harmless where the object does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// With the MD5 of another body: `InvalidDigest` when it is allowed.
    PutObject,
    /// One byte.
    GetObject,
    /// Of an object that must not exist. Where versions are kept, it leaves a delete marker.
    DeleteObject,
    GetObjectAcl,
    /// `private`, of an object that must not exist.
    PutObjectAcl,
    /// Of an upload that there is not: `NoSuchUpload` when it is allowed, as for the next two.
    UploadPart,
    ListParts,
    AbortMultipartUpload,
    /// One name.
    ListObjects,
    ListMultipartUploads,
    GetBucketInfo,
    GetBucketAcl,
    /// To an ACL that there is not: `InvalidArgument` when it is allowed.
    PutBucketAcl,
    /// One name.
    ListBuckets,
}

/// What a probe is about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    Object(&'a ObjectKey),
    /// The bucket; listings may have a prefix.
    Bucket {
        prefix: Option<&'a str>,
    },
}

/// Sends the probe; its answer's body is dropped.
pub(crate) async fn send(http: &Http, probe: Probe, subject: Subject<'_>) -> Result<(), TransferError> {
    let (key, prefix) = match subject {
        Subject::Object(key) => (Some(key), None),
        Subject::Bucket { prefix } => (None, prefix),
    };
    let call = |operation, method| Call::new(operation, method, key);
    let mut call = match probe {
        Probe::PutObject => call("PutObject", "PUT").header("content-md5", OTHER_MD5),
        Probe::GetObject => call("GetObject", "GET").header("range", "bytes=0-0"),
        Probe::DeleteObject => call("DeleteObject", "DELETE"),
        Probe::GetObjectAcl => call("GetObjectAcl", "GET").param("acl", ""),
        Probe::PutObjectAcl => call("PutObjectAcl", "PUT").param("acl", "").header("x-oss-object-acl", "private"),
        Probe::UploadPart => call("UploadPart", "PUT").param("partNumber", "1").param("uploadId", NO_UPLOAD),
        Probe::ListParts => call("ListParts", "GET").param("uploadId", NO_UPLOAD),
        Probe::AbortMultipartUpload => call("AbortMultipartUpload", "DELETE").param("uploadId", NO_UPLOAD),
        Probe::ListObjects => call("ListObjects", "GET").param("max-keys", "1"),
        Probe::ListMultipartUploads => {
            call("ListMultipartUploads", "GET").param("uploads", "").param("max-uploads", "1")
        }
        Probe::GetBucketInfo => call("GetBucketInfo", "GET").param("bucketInfo", ""),
        Probe::GetBucketAcl => call("GetBucketAcl", "GET").param("acl", ""),
        Probe::PutBucketAcl => call("PutBucketAcl", "PUT").param("acl", "").header("x-oss-acl", NO_ACL),
        Probe::ListBuckets => Call { of_service: true, ..call("ListBuckets", "GET").param("max-keys", "1") },
    };
    if let Some(prefix) = prefix {
        call = call.param("prefix", prefix);
    }
    http.send_small(&call).await.map(drop)
}
