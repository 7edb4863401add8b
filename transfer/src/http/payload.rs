//! What a request carries: handed to the network piece by piece, counted and checksummed on the way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use shared::crc64::Crc64;

use crate::blocking;
use crate::error::TransferError;
use crate::pace::Pace;
use crate::source::{BLOCK, BlockReader, FileRange};
use crate::upload::progress::Progress;

/// How much is handed over at once. The connection gathers up to 16 pieces and writes them all before it asks for more,
/// so that this bounds how slow a link may be without seeming silent: 128 KiB in one socket timeout.
const PIECE: usize = 8 * 1024;

/// The body of a request.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// None.
    Empty,
    /// Bytes in memory.
    Bytes(Bytes),
    /// A range of a file.
    File(FileRange),
}

impl Payload {
    /// Bytes in the body.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(range) => range.len(),
        }
    }

    /// The MD5 of the body, for Content-MD5.
    pub(crate) async fn md5(&self) -> Result<[u8; 16], TransferError> {
        match self {
            Self::Empty => Ok(fast_md5::digest(b"")),
            Self::Bytes(bytes) => {
                let bytes = bytes.clone();
                blocking::run(move || Ok(fast_md5::digest(&bytes))).await
            }
            Self::File(range) => range.md5().await,
        }
    }

    /// The body for one attempt, from its beginning, no faster than `pace`; `sent` learns of each piece.
    pub(crate) fn body(&self, sent: &Arc<Sent>, pace: &Arc<Pace>) -> reqwest::Body {
        let source = match self {
            Self::Empty => return reqwest::Body::from(Bytes::new()),
            Self::Bytes(bytes) => Source::Bytes(bytes.clone(), Crc64::new()),
            Self::File(range) => Source::File(range.reader()),
        };
        let feed = Feed { source, block: Bytes::new(), crc: 0, sent: Arc::clone(sent), pace: Arc::clone(pace) };
        reqwest::Body::wrap_stream(feed.pieces())
    }
}

enum Source {
    Bytes(Bytes, Crc64),
    File(BlockReader),
    Over,
}

/// The body of one attempt in the making.
struct Feed {
    source: Source,
    block: Bytes,
    /// Of everything up to the end of `block`.
    crc: u64,
    sent: Arc<Sent>,
    pace: Arc<Pace>,
}

impl Feed {
    fn pieces(self) -> impl Stream<Item = Result<Bytes, TransferError>> + Send {
        stream::try_unfold(self, |mut feed| async move {
            if feed.block.is_empty()
                && let Err(error) = feed.fill().await
            {
                feed.sent.fail(&error);
                return Err(error);
            }
            if feed.block.is_empty() {
                return Ok(None);
            }
            let piece = feed.block.split_to(feed.block.len().min(PIECE));
            feed.pace.take(piece.len(), || feed.sent.touch()).await;
            feed.sent.note(piece.len() as u64, feed.crc);
            Ok(Some((piece, feed)))
        })
    }

    /// Fetches the next block; leaves none at the end.
    async fn fill(&mut self) -> Result<(), TransferError> {
        match std::mem::replace(&mut self.source, Source::Over) {
            Source::Bytes(mut rest, mut crc) => {
                self.block = rest.split_to(rest.len().min(BLOCK));
                crc.update(&self.block);
                self.crc = crc.value();
                self.source = Source::Bytes(rest, crc);
            }
            Source::File(reader) => {
                if let Some((block, crc, reader)) = reader.next().await? {
                    (self.block, self.crc, self.source) = (block, crc, Source::File(reader));
                }
            }
            Source::Over => {}
        }
        Ok(())
    }
}

/// What one attempt has handed to the network so far.
#[derive(Debug)]
pub(crate) struct Sent {
    state: Mutex<State>,
    progress: Option<Arc<Progress>>,
}

#[derive(Debug)]
struct State {
    bytes: u64,
    crc: u64,
    last: Instant,
    failure: Option<TransferError>,
}

impl Sent {
    /// Nothing yet. Bytes sent are also reported to `progress`.
    pub(crate) fn new(progress: Option<Arc<Progress>>) -> Arc<Self> {
        let state = State { bytes: 0, crc: 0, last: Instant::now(), failure: None };
        Arc::new(Self { state: Mutex::new(state), progress })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, bytes: u64, crc: u64) {
        let mut state = self.state();
        state.bytes += bytes;
        state.crc = crc;
        state.last = Instant::now();
        drop(state);
        if let Some(progress) = &self.progress {
            progress.add(bytes);
        }
    }

    /// Waits on purpose, which is no silence.
    fn touch(&self) {
        self.state().last = Instant::now();
    }

    fn fail(&self, error: &TransferError) {
        self.state().failure = Some(error.clone());
    }

    /// Bytes handed over.
    pub(crate) fn bytes(&self) -> u64 {
        self.state().bytes
    }

    /// The CRC64 of the whole body, once all of it is handed over.
    pub(crate) fn crc(&self) -> u64 {
        self.state().crc
    }

    /// When the last piece was handed over; the beginning of the attempt before that.
    pub(crate) fn last(&self) -> Instant {
        self.state().last
    }

    /// Why the body could not be read, if it could not.
    pub(crate) fn failure(&self) -> Option<TransferError> {
        self.state().failure.clone()
    }

    /// Takes the bytes of a failed attempt out of the progress.
    pub(crate) fn take_back(&self) {
        if let Some(progress) = &self.progress {
            progress.take_back(self.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Observer;

    #[test]
    fn a_failed_attempt_is_taken_out_of_the_progress() {
        let progress = Arc::new(Progress::new("a", 100, &Observer::silent(), None));
        let (failed, second) = (Sent::new(Some(Arc::clone(&progress))), Sent::new(Some(Arc::clone(&progress))));
        failed.note(60, 0);
        failed.take_back();
        second.note(10, 0);
        assert_eq!((progress.sent(), second.bytes()), (10, 10));
    }
}
