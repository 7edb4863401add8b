//! The file dialog, behind a trait: the native window opens a real one, tests a scripted one.

use std::path::PathBuf;

use crate::words::Text;

/// The endings of files that are pictures, in lower case.
pub const PICTURE_ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"];

/// Opens file dialogs and hands over what was chosen, without ever blocking.
pub trait Dialogs {
    /// Opens a dialog. One at a time: while one is open, this opens no second.
    fn pick(&mut self, what: Pick);
    /// How the dialog ended, once.
    fn poll(&mut self) -> Option<Picked>;
}

/// What a dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// One image or several.
    Images,
    /// A folder of images.
    Folder,
}

/// How a dialog ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// Files or a folder were chosen.
    Files(Vec<PathBuf>),
    /// The person closed it.
    Nothing,
    /// There is no dialog on this desktop; why.
    Unavailable(Text),
}
