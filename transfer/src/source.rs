//! The local file of an upload: read in blocks, and watched for change from the first look to the last.

use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use fast_md5::Md5;
use shared::crc64::Crc64;

use crate::blocking;
use crate::error::TransferError;

/// How much is read at once; what an upload needs in memory for each request that runs.
pub(crate) const BLOCK: usize = 256 * 1024;

/// A file as it was when its upload began.
#[derive(Debug)]
pub(crate) struct SourceFile {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

impl SourceFile {
    /// Looks at the file.
    pub(crate) async fn look(path: &Path) -> Result<Arc<Self>, TransferError> {
        let path = path.to_owned();
        blocking::run(move || {
            let failed = |error| TransferError::file(&path, "read", error);
            let metadata = File::open(&path).and_then(|file| file.metadata()).map_err(failed)?;
            if !metadata.is_file() {
                return Err(failed(std::io::Error::other("it is not a regular file")));
            }
            let path = std::path::absolute(&path).map_err(failed)?;
            Ok(Arc::new(Self { size: metadata.len(), modified: metadata.modified().ok(), path }))
        })
        .await
    }

    /// Bytes in the file.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Where it is, absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// When it was last modified, in nanoseconds since 1970, where the system tells.
    pub(crate) fn modified(&self) -> Option<i64> {
        let since = self.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_nanos()).ok()
    }

    /// All of it.
    pub(crate) fn whole(self: &Arc<Self>) -> FileRange {
        FileRange::new(self, 0, self.size)
    }

    /// The MD5 of its first block.
    pub(crate) async fn head_md5(self: &Arc<Self>) -> Result<[u8; 16], TransferError> {
        FileRange::new(self, 0, self.size.min(BLOCK as u64)).md5().await
    }

    /// Looks again.
    ///
    /// # Errors
    /// [`TransferError::FileChanged`] when size or time of modification differ.
    pub(crate) async fn check(self: &Arc<Self>) -> Result<(), TransferError> {
        let this = Arc::clone(self);
        blocking::run(move || {
            let metadata = std::fs::metadata(&this.path).map_err(|e| TransferError::file(&this.path, "read", e))?;
            this.compare(&metadata)
        })
        .await
    }

    fn compare(&self, metadata: &Metadata) -> Result<(), TransferError> {
        if metadata.len() == self.size && metadata.modified().ok() == self.modified {
            return Ok(());
        }
        Err(TransferError::FileChanged { path: self.path.clone() })
    }
}

/// A range of a file, to be read from its beginning as often as wanted.
#[derive(Debug, Clone)]
pub(crate) struct FileRange {
    source: Arc<SourceFile>,
    offset: u64,
    len: u64,
}

impl FileRange {
    /// `len` bytes from `offset`.
    pub(crate) fn new(source: &Arc<SourceFile>, offset: u64, len: u64) -> Self {
        Self { source: Arc::clone(source), offset, len }
    }

    /// Bytes in the range.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// A reader at the beginning of the range.
    pub(crate) fn reader(&self) -> BlockReader {
        BlockReader { range: self.clone(), remaining: self.len, open: None }
    }

    /// The MD5 of the range, for Content-MD5.
    pub(crate) async fn md5(&self) -> Result<[u8; 16], TransferError> {
        let mut reader = self.reader();
        blocking::run(move || {
            let mut digest = Md5::new();
            while let Some((block, _)) = reader.read_block()? {
                digest.update(&block);
            }
            Ok(digest.finalize())
        })
        .await
    }

    /// The CRC64 of the range.
    pub(crate) async fn crc64(&self) -> Result<u64, TransferError> {
        let mut reader = self.reader();
        blocking::run(move || {
            let mut whole = 0;
            while let Some((_, crc)) = reader.read_block()? {
                whole = crc;
            }
            Ok(whole)
        })
        .await
    }
}

/// Reads a [`FileRange`] block by block, with the CRC64 of all that it has read.
#[derive(Debug)]
pub(crate) struct BlockReader {
    range: FileRange,
    remaining: u64,
    open: Option<(File, Crc64)>,
}

impl BlockReader {
    /// The next block and the CRC64 up to its end; `None` after the last. Gives the reader back for the block after.
    pub(crate) async fn next(mut self) -> Result<Option<(Bytes, u64, Self)>, TransferError> {
        blocking::run(move || Ok(self.read_block()?.map(|(block, crc)| (block, crc, self)))).await
    }

    fn read_block(&mut self) -> Result<Option<(Bytes, u64)>, TransferError> {
        if self.remaining == 0 {
            return Ok(None);
        }
        let source = Arc::clone(&self.range.source);
        let failed = |error| TransferError::file(&source.path, "read", error);
        if self.open.is_none() {
            let mut file = File::open(&source.path).map_err(failed)?;
            source.compare(&file.metadata().map_err(failed)?)?;
            file.seek(SeekFrom::Start(self.range.offset)).map_err(failed)?;
            self.open = Some((file, Crc64::new()));
        }
        let Some((file, crc)) = &mut self.open else {
            return Ok(None);
        };
        let wanted = usize::try_from(self.remaining).map_or(BLOCK, |remaining| remaining.min(BLOCK));
        let mut block = Vec::with_capacity(wanted);
        file.by_ref().take(wanted as u64).read_to_end(&mut block).map_err(failed)?;
        if block.len() < wanted {
            return Err(TransferError::FileChanged { path: source.path.clone() });
        }
        self.remaining -= wanted as u64;
        crc.update(&block);
        Ok(Some((block.into(), crc.value())))
    }
}
