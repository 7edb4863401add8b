//! The operations, one file a family.

mod acl;
mod append;
mod attributes;
mod batch;
mod bucket;
mod conditions;
mod copy;
mod cross_origin;
mod gzip;
#[cfg(test)]
pub mod hostile;
mod list;
mod merge;
mod multipart;
mod notify;
mod part_copy;
mod picture;
mod range;
mod read;
mod receive;
mod restore;
mod settings;
mod symlink;
mod tagging;
mod versions;
mod write;

pub use cross_origin::{check_referer, mark};
pub use picture::{check_protection, meant};
pub use tagging::tags_of;
pub use write::put_form;

use axum::body::Body;
use axum::http::Response;
use shared::error::OssError;

use crate::operation::{Op, Operation, not_implemented};
use crate::oss::{Call, Intake};

/// Why an operation was not performed; always an answer for the client.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong.
    pub error: OssError,
    /// Headers that the answer has beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
}

impl From<OssError> for Failure {
    fn from(error: OssError) -> Self {
        Self { error, headers: Vec::new() }
    }
}

impl Failure {
    /// With a further header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// Performs an operation that is already allowed.
///
/// # Errors
/// [`Failure`], with what OSS answers.
pub async fn perform(call: &Call<'_>, operation: Operation, body: &mut Intake) -> Result<Response<Body>, Failure> {
    match operation.op() {
        Op::ListLiveChannel => Ok(bucket::live_channels()),
        Op::ListBuckets => bucket::list(call),
        Op::DescribeRegions => Ok(bucket::regions(call)),
        Op::PutBucket => bucket::put(call, body).await,
        Op::DeleteBucket => bucket::delete(call).await,
        Op::HeadBucket => bucket::head(call),
        Op::GetBucketInfo => bucket::info(call),
        Op::GetBucketLocation => Ok(bucket::location(call)),
        Op::GetBucketStat => bucket::stat(call).await,
        Op::GetBucketAcl => acl::get_bucket(call),
        Op::PutBucketAcl => acl::put_bucket(call).await,
        Op::GetBucketVersioning => versions::get_status(call),
        Op::PutBucketVersioning => versions::put_status(call, body).await,
        Op::ListObjects => list::objects(call).await,
        Op::ListObjectsV2 => list::objects_v2(call).await,
        Op::ListObjectVersions => versions::list(call).await,
        Op::ListMultipartUploads => list::uploads(call).await,
        Op::PutObject => write::put(call, body).await,
        Op::AppendObject => append::append(call, body).await,
        Op::DeleteObject => write::delete(call).await,
        Op::DeleteMultipleObjects => batch::delete(call, body).await,
        Op::GetObject => match call.request.param("x-oss-process") {
            Some(process) => picture::get(call, process).await,
            None => read::get(call).await,
        },
        Op::HeadObject => read::head(call).await,
        Op::GetObjectMeta => read::meta(call).await,
        Op::CopyObject => copy::copy(call).await,
        Op::PutSymlink => symlink::put(call).await,
        Op::GetSymlink => symlink::get(call).await,
        Op::GetObjectAcl => acl::get_object(call).await,
        Op::PutObjectAcl => acl::put_object(call).await,
        Op::GetObjectTagging => tagging::get(call).await,
        Op::PutObjectTagging => tagging::put(call, body).await,
        Op::DeleteObjectTagging => tagging::delete(call).await,
        Op::RestoreObject => restore::restore(call, body).await,
        Op::ProcessObject => picture::post(call, body).await,
        Op::InitiateMultipartUpload => multipart::initiate(call).await,
        Op::UploadPart => multipart::upload_part(call, body).await,
        Op::UploadPartCopy => part_copy::copy(call).await,
        Op::CompleteMultipartUpload => multipart::complete(call, body).await,
        Op::AbortMultipartUpload => multipart::abort(call).await,
        Op::ListParts => multipart::list_parts(call).await,
        Op::PutSetting => settings::put(call, operation, body).await,
        Op::GetSetting => settings::get(call, operation),
        Op::DeleteSetting => settings::delete(call, operation).await,
        Op::PutStyle => settings::put_style(call, body).await,
        Op::GetStyle => settings::get_style(call),
        Op::ListStyle => settings::list_styles(call),
        Op::DeleteStyle => settings::delete_style(call).await,
        Op::Preflight => cross_origin::preflight(call),
        // Served before its sender is known, by `crate::post`.
        Op::PostObject => Err(not_implemented(operation.name()).into()),
    }
}
