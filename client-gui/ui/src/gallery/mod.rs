//! Pictures of every screen with the demo's data, without a display and without a GPU: for the documentation, and to see what a change does.

pub mod facts;
mod scenes;
mod script;
mod stage;
pub mod talk;

use std::path::{Path, PathBuf};

use image::RgbaImage;

pub use script::{Script, ScriptedJobs};

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    /// The folder cannot be made.
    #[error("the folder {folder} cannot be made: {source}; name another", folder = folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A picture cannot be written.
    #[error("the picture {path} cannot be written: {source}; is there room, and may the folder be written?", path = path.display())]
    File {
        /// The picture.
        path: PathBuf,
        /// What was in the way.
        source: image::ImageError,
    },
}

/// Paints every scene; each with its name, in order.
pub fn pictures() -> impl Iterator<Item = (&'static str, RgbaImage)> {
    scenes::ALL.iter().map(|(name, scene)| (*name, scene().shot()))
}

/// Paints every scene into `folder` as PNG; their paths. Blocking.
///
/// # Errors
/// [`GalleryError`] when the folder cannot be made or written.
pub fn paint(folder: &Path) -> Result<Vec<PathBuf>, GalleryError> {
    std::fs::create_dir_all(folder).map_err(|source| GalleryError::Folder { folder: folder.to_owned(), source })?;
    let mut painted = Vec::new();
    for (name, picture) in pictures() {
        let path = folder.join(format!("{name}.png"));
        picture.save(&path).map_err(|source| GalleryError::File { path: path.clone(), source })?;
        painted.push(path);
    }
    Ok(painted)
}
