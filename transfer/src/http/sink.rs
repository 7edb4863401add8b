//! Where an answer's body goes: into memory up to a limit, or into a file with its CRC64.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use shared::crc64::Crc64;

use crate::blocking;
use crate::error::TransferError;
use crate::observer::{Event, Observer};
use crate::source::BLOCK;
use crate::upload::progress::{INTERVAL, Progress};

/// A receiver of one answer's body.
pub(crate) enum Sink<'a> {
    /// Keeps at most this many bytes.
    Memory(MemorySink),
    /// Writes to a file.
    File(&'a mut FileSink),
}

/// Bytes of an answer, in memory.
pub(crate) struct MemorySink {
    limit: u64,
    bytes: BytesMut,
}

impl Sink<'_> {
    /// Keeps at most `limit` bytes in memory.
    pub(crate) fn memory(limit: u64) -> Self {
        Self::Memory(MemorySink { limit, bytes: BytesMut::new() })
    }

    /// Forgets what an earlier attempt brought, and learns how much to expect.
    pub(crate) async fn restart(&mut self, expected: Option<u64>) -> Result<(), TransferError> {
        match self {
            Self::Memory(sink) => {
                sink.bytes.clear();
                sink.check(expected.unwrap_or(0))
            }
            Self::File(sink) => sink.restart(expected).await,
        }
    }

    /// Takes in the next bytes.
    pub(crate) async fn take(&mut self, chunk: Bytes) -> Result<(), TransferError> {
        match self {
            Self::Memory(sink) => {
                sink.check((sink.bytes.len() + chunk.len()) as u64)?;
                sink.bytes.extend_from_slice(&chunk);
                Ok(())
            }
            Self::File(sink) => sink.take(&chunk).await,
        }
    }

    /// The body is over: what was kept in memory.
    pub(crate) async fn end(&mut self) -> Result<Bytes, TransferError> {
        match self {
            Self::Memory(sink) => Ok(sink.bytes.split().freeze()),
            Self::File(sink) => sink.flush().await.map(|()| Bytes::new()),
        }
    }
}

impl MemorySink {
    fn check(&self, size: u64) -> Result<(), TransferError> {
        if size <= self.limit {
            return Ok(());
        }
        Err(TransferError::TooLarge { size, limit: self.limit, way: "an answer in memory", instead: "a download" })
    }
}

/// A part of a file that one answer fills.
pub(crate) struct Range {
    pub(crate) offset: u64,
    pub(crate) len: u64,
    /// Who answers, for errors.
    pub(crate) host: String,
}

/// A file in the making, or one range of it.
pub(crate) struct FileSink {
    path: PathBuf,
    /// Absent only while a write is under way, or after one that failed.
    open: Option<(File, Crc64)>,
    pending: BytesMut,
    received: u64,
    expected: Option<u64>,
    key: String,
    observer: Observer,
    reported: Option<Instant>,
    range: Option<(Range, Arc<Progress>)>,
}

impl FileSink {
    /// Writes to `file`, which was opened at `path`, what is received of the object `key`.
    pub(crate) fn new(file: File, path: &Path, key: &str, observer: &Observer) -> Self {
        Self {
            path: path.to_owned(),
            open: Some((file, Crc64::new())),
            pending: BytesMut::new(),
            received: 0,
            expected: None,
            key: key.to_owned(),
            observer: observer.clone(),
            reported: None,
            range: None,
        }
    }

    /// Writes to `range` of `file` alone, and counts the bytes in `progress`.
    pub(crate) fn ranged(file: File, path: &Path, range: Range, progress: &Arc<Progress>, observer: &Observer) -> Self {
        Self { range: Some((range, Arc::clone(progress))), ..Self::new(file, path, "", observer) }
    }

    /// Bytes received.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The CRC64 of the bytes written, and the file itself.
    pub(crate) fn into_file(self) -> Option<(File, u64)> {
        self.open.map(|(file, crc)| (file, crc.value()))
    }

    async fn restart(&mut self, expected: Option<u64>) -> Result<(), TransferError> {
        self.pending.clear();
        let before = std::mem::replace(&mut self.received, 0);
        self.expected = expected;
        let offset = match &self.range {
            None => None,
            Some((range, progress)) => {
                progress.take_back(before);
                // The whole object in place of the range would spoil the rest of the file.
                if expected != Some(range.len) {
                    return Err(TransferError::Answer {
                        host: range.host.clone(),
                        operation: "GetObject",
                        problem: "is not the range that was asked for".to_owned(),
                    });
                }
                Some(range.offset)
            }
        };
        self.with_file(move |file, crc| {
            *crc = Crc64::new();
            if offset.is_none() {
                file.set_len(0)?;
            }
            file.seek(SeekFrom::Start(offset.unwrap_or(0))).map(|_| ())
        })
        .await
    }

    async fn take(&mut self, chunk: &Bytes) -> Result<(), TransferError> {
        self.pending.extend_from_slice(chunk);
        self.received += chunk.len() as u64;
        if let Some((_, progress)) = &self.range {
            progress.add(chunk.len() as u64);
        } else if self.reported.is_none_or(|reported| reported.elapsed() >= INTERVAL) {
            self.report();
        }
        if self.pending.len() < BLOCK {
            return Ok(());
        }
        self.write_pending().await
    }

    async fn flush(&mut self) -> Result<(), TransferError> {
        if self.range.is_none() {
            self.report();
        }
        self.write_pending().await
    }

    async fn write_pending(&mut self) -> Result<(), TransferError> {
        let block = self.pending.split().freeze();
        self.with_file(move |file, crc| {
            crc.update(&block);
            file.write_all(&block)
        })
        .await
    }

    async fn with_file(
        &mut self,
        work: impl FnOnce(&mut File, &mut Crc64) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), TransferError> {
        let Some((mut file, mut crc)) = self.open.take() else {
            return Err(TransferError::Cancelled);
        };
        let path = self.path.clone();
        let open = blocking::run(move || {
            work(&mut file, &mut crc).map_err(|error| TransferError::file(&path, "write", error))?;
            Ok((file, crc))
        });
        self.open = Some(open.await?);
        Ok(())
    }

    fn report(&mut self) {
        self.reported = Some(Instant::now());
        let (key, received, total) = (self.key.clone(), self.received, self.expected);
        self.observer.emit(Event::DownloadProgress { key, received, total });
    }
}
