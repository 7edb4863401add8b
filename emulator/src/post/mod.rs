//! PostObject: a browser's form read as it arrives, and answered as the form asks (`oss-rest.md` §2.5).

mod file;
mod form;
mod outcome;
mod part;
mod put;
mod scan;
mod serve;
#[cfg(test)]
mod tests;

pub use serve::serve;

use form::{Form, boundary, read_form};
use outcome::{Posted, answer};

use shared::error::{OssCode, OssError};

/// The longest name of a field, in bytes (DOC:0006-00000110).
const MAX_NAME: usize = 8 << 10;
/// The longest value of a field, in bytes (DOC:0006-00000111).
const MAX_VALUE: usize = 2 << 20;
/// The most that all fields before the file may have, names and values, in bytes (DOC:0006-00000112).
const MAX_TOTAL: usize = 8 << 20;
/// The most parts of a form, so that empty ones end too.
const MAX_PARTS: usize = 1000;

/// The body is no form; `reason` is for the person who wrote it.
fn malformed(ec: &str, reason: &str) -> OssError {
    let message = "The body of your POST request is not well-formed multipart/form-data.";
    OssError::new(OssCode::MalformedPOSTRequest, message).ec(ec).detail("ErrorDetail", reason)
}

fn too_long(ec: &str, limit: usize) -> OssError {
    OssError::new(OssCode::FieldItemTooLong, "Your form field is too long.")
        .ec(ec)
        .detail("MaxSizeAllowed", limit.to_string())
}

fn one_file() -> OssError {
    let message = "POST requires exactly one file upload per request.";
    OssError::new(OssCode::IncorrectNumberOfFilesInPOSTRequest, message)
}
