//! The mark of a clean end: after one, nothing is half done, and the next start need not look at every record and every blob.
//!
//! It names the index as it was left, by length and time, so that a file which somebody has changed or brought back since is
//! checked in full. A start takes the mark away before anything changes: a killed process leaves none.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use super::blob::sync_dir;
use super::{StoreError, Sync, io_error};

const NAME: &str = "clean";

/// Writes the mark when it is dropped, once the index is closed, if the store said that all is in order.
#[derive(Debug)]
pub(super) struct CleanEnd {
    dir: PathBuf,
    index: PathBuf,
    sync: Sync,
    in_order: AtomicBool,
}

impl CleanEnd {
    /// Takes away the mark that the last end left in `dir`; whether there was one, and `index` is as it was then.
    ///
    /// # Errors
    /// [`StoreError::Io`] for a mark that stays.
    pub fn take(dir: &Path, index: &Path, sync: Sync) -> Result<(Self, bool), StoreError> {
        let path = dir.join(NAME);
        let marked = match fs::read_to_string(&path) {
            Ok(text) => {
                fs::remove_file(&path).map_err(io_error(&path))?;
                sync_dir(dir, sync)?;
                Some(text)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            // What is no text is no mark, and must not be taken for one later.
            Err(_) => {
                fs::remove_file(&path).map_err(io_error(&path))?;
                None
            }
        };
        let clean = marked.is_some() && marked == state_of(index).ok();
        let end = Self { dir: dir.to_owned(), index: index.to_owned(), sync, in_order: AtomicBool::new(false) };
        Ok((end, clean))
    }

    /// Whether what ends now may be marked.
    pub fn is_in_order(&self, yes: bool) {
        self.in_order.store(yes, Ordering::Release);
    }

    fn mark(&self) -> std::io::Result<()> {
        let text = state_of(&self.index)?;
        let made = self.dir.join(format!("{NAME}.new"));
        let mut file = File::create(&made)?;
        file.write_all(text.as_bytes())?;
        if self.sync == Sync::Always {
            file.sync_all()?;
        }
        fs::rename(&made, self.dir.join(NAME))
    }
}

impl Drop for CleanEnd {
    fn drop(&mut self) {
        // Without the mark the next start takes longer, and that is all.
        if self.in_order.load(Ordering::Acquire)
            && let Err(error) = self.mark()
        {
            tracing::warn!("{}: {error}; the next start will check everything", self.dir.display());
        }
    }
}

fn state_of(index: &Path) -> std::io::Result<String> {
    let about = fs::metadata(index)?;
    let changed = about.modified()?.duration_since(UNIX_EPOCH).map_err(std::io::Error::other)?;
    Ok(format!("{} bytes, {} ns\n", about.len(), changed.as_nanos()))
}
