//! Files that a crash leaves whole: the old one or the new one, never half of one.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Writes `path` by way of a temporary file beside it; one that is there keeps its permissions. Blocking.
///
/// # Errors
/// What the system says; the file is then as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    if let Ok(known) = std::fs::metadata(path) {
        file.as_file().set_permissions(known.permissions())?;
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Renames `path` to the first free one of `.broken-1`, `.broken-2`, and so on, and returns it. Blocking.
///
/// # Errors
/// What the system says; the file is then where it was.
pub fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    const MOST: u32 = 1000;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = (1..=MOST).map(|n| path.with_file_name(format!("{name}.broken-{n}"))).find(|aside| !aside.exists());
    let aside = free.ok_or(std::io::Error::other("there are too many broken ones beside it"))?;
    std::fs::rename(path, &aside)?;
    Ok(aside)
}
