//! Pictures as jobs hand them over, with previews for the screen.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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
