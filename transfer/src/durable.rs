//! Files that are there whole or not at all, whatever moment the machine stops at.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes `bytes` to `path` by way of a temporary name beside it: written, synced, renamed, and the folder synced. One
/// writer at a time. Blocking.
///
/// # Errors
/// What the system said; `path` is then as it was.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(path, ".tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    put_in_place(file, &temporary, path)
}

/// Syncs `file`, which was written at `from`, and renames it over `to`. Blocking.
///
/// # Errors
/// What the system said; `to` is then as it was.
pub(crate) fn put_in_place(file: File, from: &Path, to: &Path) -> io::Result<()> {
    file.sync_all()?;
    drop(file);
    std::fs::rename(from, to)?;
    sync_folder(to)
}

/// The path with `ending` added to its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A rename is durable once its folder is; elsewhere than on Unix a folder cannot be opened, and need not be.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
