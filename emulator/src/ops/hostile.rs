//! The parsers of the operations, for the test that shows them arbitrary text.

use shared::sign::Request;

use super::{attributes, batch, copy, multipart, picture, range, restore};
use crate::pace::Pace;
use crate::settings::storage_class::StorageClass;

/// Reads whatever headers and parameters an operation may look at.
pub fn read_headers(request: &Request) {
    let _ = copy::Source::of(request);
    let _ = range::requested(request, 1000);
    let _ = attributes::stored_headers(request);
    let _ = attributes::forbids_overwrite(request);
    let _ = multipart::part_number(request);
    let _ = Pace::of(request);
}

/// Reads `body` as every kind of body that an operation takes.
pub fn read_bodies(body: &str) {
    let _ = batch::read(body.as_bytes());
    let _ = multipart::part_list(body);
    let _ = restore::asked(body, StorageClass::Archive);
    let _ = picture::target_of(body);
}
