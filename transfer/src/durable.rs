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
    let temporary = unfinished(path);
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

/// As [`put_in_place`], but where `keep` says so not over a file that is at `to` already. Blocking.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] for such a file; else what the system said. `to` is then as it was, and `from` still there.
pub(crate) fn put_in_place_of(file: File, from: &Path, to: &Path, keep: bool) -> io::Result<()> {
    if !keep {
        return put_in_place(file, from, to);
    }
    file.sync_all()?;
    drop(file);
    // A rename would replace what came there meanwhile; a second name for the file does not.
    match std::fs::hard_link(from, to) {
        Ok(()) => std::fs::remove_file(from)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // A file system without second names: a look before the rename is the best that there is.
        Err(_) if to.try_exists()? => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(from, to)?,
    }
    sync_folder(to)
}

/// Where a file lies while it is being [written](write); a kill may leave it there.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    beside(path, ".tmp")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_replaced_only_if_it_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let put = |keep| {
            std::fs::write(&from, "new").unwrap();
            put_in_place_of(File::options().write(true).open(&from).unwrap(), &from, &to, keep)
        };
        put(true).unwrap();
        assert!(!from.exists());
        std::fs::write(&to, "old").unwrap();
        assert_eq!(put(true).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!((std::fs::read_to_string(&to).unwrap(), from.exists()), ("old".to_owned(), true));
        put(false).unwrap();
        assert_eq!((std::fs::read_to_string(&to).unwrap(), from.exists()), ("new".to_owned(), false));
    }
}
