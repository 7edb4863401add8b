//! The file dialog, behind a trait: the native window opens a real one, tests a scripted one.

use std::path::PathBuf;

/// Opens file dialogs and hands over what was chosen, without ever blocking.
pub trait Dialogs {
    /// Opens a dialog for one image. One dialog at a time: while one is open, this opens no second.
    fn pick_image(&mut self);
    /// How the dialog ended, once.
    fn poll(&mut self) -> Option<Picked>;
}

/// How a dialog ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// A file was chosen.
    File(PathBuf),
    /// The person closed it.
    Nothing,
    /// There is no dialog on this desktop; why.
    Unavailable(String),
}
