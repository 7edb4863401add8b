//! Downloads of objects: in ranges that outlive the app, into a folder of the person's, under names that no file has.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use shared::object_key::ObjectKey;
use transfer::{Client, DownloadOptions, TransferError};

/// Names that are tried before a download gives up.
const NAMES: u32 = 1000;

/// The folder that systems call Downloads, or else the temporary one.
pub(super) fn usual_folder() -> PathBuf {
    std::env::home_dir().map_or_else(std::env::temp_dir, |home| home.join("Downloads"))
}

/// Brings an object into `folder`, and where it is then. What an earlier attempt brought of the same object is kept, until it is
/// whole and its CRC64 agrees under a name that file managers hide.
pub(super) async fn download(client: &Client, key: &ObjectKey, folder: &Path) -> Result<PathBuf, TransferError> {
    let options = DownloadOptions { keep_existing: true, ..DownloadOptions::default() };
    let mut number = 0;
    loop {
        let (name, into, from) = (key.as_str().to_owned(), folder.to_owned(), number);
        let found = tokio::task::spawn_blocking(move || destination(&into, &name, from)).await;
        let (to, found_at) = found.map_err(|_| TransferError::Cancelled)??;
        match client.download_resumable(key, &to, &options).await {
            Ok(_) => return Ok(to),
            // Somebody else has this name since it was looked for, or is about to.
            Err(error) if is_taken(&error) => number = found_at + 1,
            Err(error) => return Err(error),
        }
    }
}

fn is_taken(error: &TransferError) -> bool {
    match error {
        TransferError::Busy { .. } => true,
        TransferError::File { source, .. } => source.kind() == ErrorKind::AlreadyExists,
        _ => false,
    }
}

/// Where a download of `key` goes, and the number of that name. Blocking.
fn destination(folder: &Path, key: &str, from: u32) -> Result<(PathBuf, u32), TransferError> {
    let wrong = |problem: String| TransferError::Config {
        setting: "the folder of downloads",
        problem: format!("{}: {problem}", folder.display()),
    };
    std::fs::create_dir_all(folder).map_err(|error| wrong(error.to_string()))?;
    free_name(folder, key, from).ok_or_else(|| wrong("too many files there have the object's name".to_owned()))
}

/// A path in `folder` that no file has, and its number: `b.jpg`, `b (1).jpg`…
fn free_name(folder: &Path, key: &str, from: u32) -> Option<(PathBuf, u32)> {
    let name = key.rsplit('/').find(|part| !part.is_empty()).unwrap_or("object");
    // Letters that some file system does not take.
    let name: String =
        name.chars().map(|c| if c.is_control() || r#"\:*?"<>|"#.contains(c) { '_' } else { c }).collect();
    let (stem, ending) = match name.rfind('.').filter(|dot| *dot > 0) {
        Some(dot) => name.split_at(dot),
        None => (name.as_str(), ""),
    };
    let numbered = |number| if number == 0 { name.clone() } else { format!("{stem} ({number}){ending}") };
    let mut paths = (from..NAMES).map(|number| (folder.join(numbered(number)), number));
    // What a broken link names is no file, and yet the name is taken.
    paths.find(|(path, _)| path.symlink_metadata().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_replaces_no_file_and_leaves_its_folder_never() {
        let folder = tempfile::tempdir().unwrap();
        let name = |key: &str| {
            let (path, _) = free_name(folder.path(), key, 0).unwrap();
            assert_eq!(path.parent(), Some(folder.path()), "{key}");
            path.file_name().unwrap().to_string_lossy().into_owned()
        };
        assert_eq!(name("users/alice/雪山.jpg"), "雪山.jpg");
        std::fs::write(folder.path().join("雪山.jpg"), "").unwrap();
        assert_eq!(name("users/alice/雪山.jpg"), "雪山 (1).jpg");
        assert_eq!(free_name(folder.path(), "雪山.jpg", 2), Some((folder.path().join("雪山 (2).jpg"), 2)));
        for (key, made) in
            [("a/..\\b?.png", ".._b_.png"), ("folder/", "folder"), ("a/..", ". (1)."), ("C:evil.exe", "C_evil.exe")]
        {
            assert_eq!(name(key), made);
        }
    }
}
