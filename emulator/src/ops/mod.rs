//! The operations, one file a family.

mod bucket;
mod conditions;
mod list;
mod multipart;
mod picture;
mod range;
mod read;
mod receive;
mod write;

use axum::body::Body;
use axum::http::Response;
use shared::error::OssError;

use crate::operation::Operation;
use crate::oss::{Call, Intake};

/// Why an operation was not performed; always an answer for the client.
#[derive(Debug)]
pub struct Failure(pub OssError);

impl From<OssError> for Failure {
    fn from(error: OssError) -> Self {
        Self(error)
    }
}

/// Performs an operation that is already allowed.
///
/// # Errors
/// [`Failure`], with what OSS answers.
pub async fn perform(call: &Call<'_>, operation: Operation, body: &mut Intake) -> Result<Response<Body>, Failure> {
    match operation {
        Operation::ListBuckets => bucket::list(call).await,
        Operation::PutBucket => bucket::put(call, body).await,
        Operation::GetBucketInfo => bucket::info(call).await,
        Operation::GetBucketLocation => Ok(bucket::location(call)),
        Operation::ListObjects => list::objects(call).await,
        Operation::ListObjectsV2 => list::objects_v2(call).await,
        Operation::ListMultipartUploads => list::uploads(call).await,
        Operation::PutObject => write::put(call, body).await,
        Operation::DeleteObject => write::delete(call).await,
        Operation::GetObject => match call.request.param("x-oss-process") {
            Some(process) => picture::get(call, process).await,
            None => read::get(call).await,
        },
        Operation::HeadObject => read::head(call).await,
        Operation::GetObjectMeta => read::meta(call).await,
        Operation::InitiateMultipartUpload => multipart::initiate(call).await,
        Operation::UploadPart { number, upload_id } => multipart::upload_part(call, upload_id, number, body).await,
        Operation::CompleteMultipartUpload(upload_id) => multipart::complete(call, upload_id, body).await,
        Operation::AbortMultipartUpload(upload_id) => multipart::abort(call, upload_id).await,
        Operation::ListParts(upload_id) => multipart::list_parts(call, upload_id).await,
    }
}
