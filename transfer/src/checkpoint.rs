//! What a resumable upload writes down, so that whoever comes after it can go on: one JSON file an upload, in a folder of the caller's.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use fast_md5::Md5;
use serde::{Deserialize, Serialize};
use shared::object_key::ObjectKey;

use crate::blocking;
use crate::durable;
use crate::error::TransferError;
use crate::source::SourceFile;

/// The form of the files that this version writes and reads.
const VERSION: u32 = 1;
const ENDING: &str = ".upload.json";
/// The largest checkpoint that is read: 10 000 parts take about 1 MiB.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// An upload that was begun. Holds no secret. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    version: u32,
    /// The bucket's URL, which names endpoint and bucket.
    pub bucket_url: String,
    /// The object key.
    pub key: String,
    /// OSS's name of the upload.
    pub upload_id: String,
    /// The local file, absolute.
    pub file: PathBuf,
    /// Its size.
    pub size: u64,
    /// When it was last modified, in nanoseconds since 1970; `None` where the system does not tell.
    pub modified: Option<i64>,
    /// The MD5 of its first 256 KiB, in hexadecimal.
    pub head_md5: String,
    /// The size of its parts, but for the last.
    pub part_size: u64,
    /// The headers that the object is to be stored with.
    pub headers: Vec<(String, String)>,
    /// Bytes that went out so far, in all runs, whether they arrived or not.
    pub sent: u64,
    /// The parts that OSS has confirmed, by number.
    pub parts: BTreeMap<u32, ConfirmedPart>,
}

/// A part that OSS has confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmedPart {
    /// Without quotes.
    pub etag: String,
    /// CRC-64/XZ.
    pub crc64: u64,
}

/// A checkpoint in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedCheckpoint {
    /// Where it is kept.
    pub path: PathBuf,
    /// What it says.
    pub checkpoint: Checkpoint,
}

impl Checkpoint {
    /// Nothing sent yet of `source`.
    pub(crate) fn new(target: &Target<'_>, source: &SourceFile, head_md5: String, part_size: u64) -> Self {
        Self {
            version: VERSION,
            bucket_url: target.bucket_url.clone(),
            key: target.key.to_string(),
            upload_id: String::new(),
            // For people and for lists: a name that is no Unicode is shown as well as it can be.
            file: source.path().to_string_lossy().into_owned().into(),
            size: source.size(),
            modified: source.modified(),
            head_md5,
            part_size,
            headers: target.headers.clone(),
            sent: 0,
            parts: BTreeMap::new(),
        }
    }

    /// Why this is no beginning of what is to be uploaded now; `None` when it is.
    pub(crate) fn mismatch(&self, wanted: &Self) -> Option<&'static str> {
        if (&self.bucket_url, &self.key) != (&wanted.bucket_url, &wanted.key) {
            Some("it is of another object")
        } else if self.size != wanted.size {
            Some("the file's size has changed")
        } else if self.modified != wanted.modified {
            Some("the file was modified since")
        } else if self.head_md5 != wanted.head_md5 {
            Some("the file begins with other bytes")
        } else if self.headers != wanted.headers {
            Some("the object is to be stored with other headers")
        } else if self.part_size == 0 || self.upload_id.is_empty() {
            Some("it is incomplete")
        } else {
            None
        }
    }

    /// How many parts the file has.
    pub fn part_count(&self) -> u64 {
        self.size.div_ceil(self.part_size.max(1))
    }

    /// Bytes of the parts that OSS has confirmed, as far as is written down.
    pub fn confirmed(&self) -> u64 {
        let size_of = |number: &u32| {
            let offset = u64::from(number.saturating_sub(1)).saturating_mul(self.part_size);
            self.part_size.min(self.size.saturating_sub(offset))
        };
        self.parts.keys().map(size_of).sum()
    }

    /// Every checkpoint in `folder`, by file name; one that cannot be read is left out, as is a folder that is not there.
    ///
    /// # Errors
    /// [`TransferError::File`] when the folder cannot be read.
    pub async fn list(folder: &Path) -> Result<Vec<SavedCheckpoint>, TransferError> {
        let folder = folder.to_owned();
        blocking::run(move || {
            let failed = |error| TransferError::file(&folder, "read", error);
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(failed(error)),
            };
            let mut paths = Vec::new();
            for entry in entries {
                let path = entry.map_err(failed)?.path();
                if path.to_string_lossy().ends_with(ENDING) {
                    paths.push(path);
                }
            }
            paths.sort();
            let read = |path: PathBuf| Some(SavedCheckpoint { checkpoint: read(&path).ok()??, path });
            Ok(paths.into_iter().filter_map(read).collect())
        })
        .await
    }
}

/// What is to become of a file.
pub(crate) struct Target<'a> {
    pub(crate) bucket_url: String,
    pub(crate) key: &'a ObjectKey,
    pub(crate) headers: Vec<(String, String)>,
}

impl Target<'_> {
    /// Where the checkpoint of uploading `file` is kept: the same object and file have the same name.
    pub(crate) fn checkpoint_path(&self, folder: &Path, file: &Path) -> PathBuf {
        let mut digest = Md5::new();
        for piece in [self.bucket_url.as_bytes(), self.key.as_str().as_bytes(), file.as_os_str().as_encoded_bytes()] {
            digest.update(&(piece.len() as u64).to_be_bytes());
            digest.update(piece);
        }
        folder.join(format!("{}{ENDING}", hex(&digest.finalize())))
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the checkpoint at `path`; `None` when there is none. Blocking.
///
/// # Errors
/// What the system or the parser said.
pub(crate) fn read(path: &Path) -> io::Result<Option<Checkpoint>> {
    let text = match File::open(path) {
        Ok(file) => io::read_to_string(io::Read::take(file, MAX_FILE))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let checkpoint: Checkpoint = serde_json::from_str(&text).map_err(io::Error::other)?;
    if checkpoint.version != VERSION {
        return Err(io::Error::other(format!("it has version {}, not {VERSION}", checkpoint.version)));
    }
    Ok(Some(checkpoint))
}

/// Writes `checkpoint` to `path`, durably. Blocking.
pub(crate) fn write(path: &Path, checkpoint: &Checkpoint) -> Result<(), TransferError> {
    let failed = |error| TransferError::file(path, "write", error);
    let text = serde_json::to_vec_pretty(checkpoint).map_err(|error| failed(io::Error::other(error)))?;
    durable::write(path, &text).map_err(failed)
}

/// Removes the checkpoint at `path`, and what a kill left of its last writing; an absent one is no error. Blocking.
pub(crate) fn remove(path: &Path) -> Result<(), TransferError> {
    for path in [path, &durable::unfinished(path)] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(TransferError::file(path, "remove", error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The right to carry on the upload of one checkpoint; others who want it meanwhile are refused. The system takes it back
/// when the program ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the right, and makes the folder if need be. Blocking.
    pub(crate) fn take(checkpoint: &Path) -> Result<Self, TransferError> {
        let path = durable::beside(checkpoint, ".lock");
        let failed = |error| TransferError::file(&path, "lock", error);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, _file: file }),
            Err(TryLockError::WouldBlock) => Err(TransferError::Busy { checkpoint: checkpoint.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is held. Whoever has opened it in this moment holds a lock on no file any more, and would at
        // worst send the same parts.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            version: VERSION,
            bucket_url: "http://127.0.0.1:1/photos".to_owned(),
            key: "a".to_owned(),
            upload_id: "U".to_owned(),
            file: "/tmp/雪山".into(),
            size: 25,
            modified: Some(1),
            head_md5: "0".to_owned(),
            part_size: 10,
            headers: vec![("content-type".to_owned(), "image/png".to_owned())],
            sent: 12,
            parts: [(3, ConfirmedPart { etag: "E".to_owned(), crc64: u64::MAX })].into(),
        }
    }

    #[tokio::test]
    async fn what_was_written_is_read_and_everything_else_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("x{ENDING}"));
        assert_eq!(read(&path).unwrap(), None);
        write(&path, &checkpoint()).unwrap();
        for (name, text) in [("torn", "{"), ("newer", "{\"version\": 2}")] {
            std::fs::write(folder.path().join(format!("{name}{ENDING}")), text).unwrap();
        }
        let found = Checkpoint::list(folder.path()).await.unwrap();
        assert_eq!(found, [SavedCheckpoint { path: path.clone(), checkpoint: checkpoint() }]);
        assert_eq!((checkpoint().part_count(), checkpoint().confirmed()), (3, 5), "the last part is short");
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(Checkpoint::list(&folder.path().join("absent")).await.unwrap(), []);
    }

    #[test]
    fn any_difference_makes_a_new_upload() {
        let changes: [fn(&mut Checkpoint); 6] = [
            |c| c.bucket_url.push('x'),
            |c| c.key.push('x'),
            |c| c.size += 1,
            |c| c.modified = None,
            |c| c.head_md5.push('x'),
            |c| c.headers.clear(),
        ];
        assert_eq!(checkpoint().mismatch(&checkpoint()), None);
        for change in changes {
            let mut other = checkpoint();
            change(&mut other);
            assert!(other.mismatch(&checkpoint()).is_some(), "{other:?}");
        }
        let other_part_size = Checkpoint { part_size: 7, sent: 0, parts: BTreeMap::new(), ..checkpoint() };
        assert_eq!(checkpoint().mismatch(&other_part_size), None, "the parts stay as they were begun");
    }

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/x");
        let held = Lock::take(&path).unwrap();
        assert_eq!(Lock::take(&path).unwrap_err().code(), "Busy");
        drop(held);
        drop(Lock::take(&path).unwrap());
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 0, "nothing is left lying about");
    }
}
