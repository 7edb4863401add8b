//! Pictures as jobs hand them over, with previews for the screen.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{JobId, Place};
use crate::problem::Problem;

/// Pixels for the screen: RGBA, 8 bits each, not premultiplied.
#[derive(Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Width and height, in pixels.
    pub size: [usize; 2],
    /// `4 * width * height` bytes.
    pub rgba: Vec<u8>,
}

/// A picture that was selected.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The file.
    pub path: PathBuf,
    /// Its name, without folders.
    pub name: String,
    /// The file's size, in bytes.
    pub bytes: u64,
    /// Width and height of the whole picture, in pixels, upright.
    pub size: [u32; 2],
    /// `JPEG`, `PNG`…
    pub format: String,
    /// A preview of at most [`PREVIEW_SIDE`] pixels a side.
    pub preview: Arc<Pixels>,
}

/// The longest side of a preview, in pixels.
pub const PREVIEW_SIDE: u32 = 800;

/// A picture that IMG made.
#[derive(Debug, Clone, PartialEq)]
pub struct Processed {
    /// The value of `x-oss-process` that made it.
    pub process: String,
    /// The answer's size, in bytes.
    pub bytes: u64,
    /// Width and height, in pixels.
    pub size: [u32; 2],
    /// `JPEG`, `PNG`…
    pub format: String,
    /// How long it took.
    pub elapsed: Duration,
    /// A preview of at most [`PREVIEW_SIDE`] pixels a side.
    pub preview: Arc<Pixels>,
}

/// What else the app asks of its jobs about an object as IMG makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureCommand {
    /// Names this job.
    pub job: JobId,
    /// Where the object is.
    pub place: Place,
    /// The object's name.
    pub key: String,
    /// The value of `x-oss-process`; empty for the object as it is.
    pub process: String,
    /// What to do with it.
    pub wish: PictureWish,
}

/// What to do with a processed picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureWish {
    /// A URL that anybody may open for an hour.
    Presign(Presigned),
    /// Kept at OSS under this name.
    SaveAs(String),
}

/// How a presigned URL is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presigned {
    /// As it is.
    Url,
    /// In a command line of curl.
    Curl,
}

/// What became of a [`PictureCommand`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureEvent {
    /// The job.
    pub job: JobId,
    /// The outcome.
    pub outcome: Result<PictureOutcome, Problem>,
}

/// What was made of a processed picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureOutcome {
    /// Text for the clipboard.
    Presigned(String),
    /// Kept as a new object.
    Saved {
        /// Its name.
        key: String,
        /// In bytes.
        size: u64,
    },
}
