//! The body of a request on its way in: counted, paced, and read to the end only where that is worth it.

use std::time::Duration;

use axum::body::Body;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use shared::error::{OssCode, OssError};

use crate::pace::Pace;

type Pieces = BoxStream<'static, Result<bytes::Bytes, OssError>>;

/// The body of a request, counted as it is read.
pub struct Intake {
    stream: Option<Pieces>,
    /// The client waits for a word before it sends; to read would be that word.
    expects: bool,
    /// Bytes read so far.
    pub received: u64,
    /// How fast they may come.
    pub pace: Option<Pace>,
}

/// How much of a refused request's body is still read, so that a client that sends first and reads later sees why.
const DRAINED: u64 = 16 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(5);

impl Intake {
    /// The body of a request; whether its client waits for a word before it sends.
    pub fn new(body: Body, expects: bool) -> Self {
        let broken = |_| OssError::new(OssCode::RequestTimeout, "The request body ended before its announced length.");
        let stream = body.into_data_stream().map_err(broken).boxed();
        Self { stream: Some(stream), expects, received: 0, pace: None }
    }

    /// What is still to come, for a reader that gives back what it leaves.
    pub fn take(&mut self) -> Pieces {
        self.stream.take().unwrap_or_else(|| futures_util::stream::empty().boxed())
    }

    /// From here on, the body is this.
    pub fn give(&mut self, stream: impl Stream<Item = Result<bytes::Bytes, OssError>> + Send + 'static) {
        self.stream = Some(stream.boxed());
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// 400 when the client breaks off.
    pub async fn next(&mut self) -> Result<Option<bytes::Bytes>, OssError> {
        let Some(stream) = &mut self.stream else {
            return Ok(None);
        };
        match stream.next().await {
            Some(Ok(piece)) => {
                self.received += piece.len() as u64;
                if let Some(pace) = &mut self.pace {
                    pace.take(piece.len() as u64).await;
                }
                Ok(Some(piece))
            }
            Some(Err(error)) => {
                self.stream = None;
                Err(error)
            }
            None => {
                self.stream = None;
                Ok(None)
            }
        }
    }

    /// The whole body, if it has at most `limit` bytes.
    ///
    /// # Errors
    /// 400 when it is longer, or the client breaks off.
    pub async fn collect(&mut self, limit: usize) -> Result<Vec<u8>, OssError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await? {
            if whole.len() + piece.len() > limit {
                let message = format!("The request body has more than {limit} bytes.");
                return Err(OssError::new(OssCode::EntityTooLarge, message));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    /// As [`Intake::collect`], and leaves it to be read.
    ///
    /// # Errors
    /// 400 when it is longer, or the client breaks off.
    pub async fn peek(&mut self, limit: usize) -> Result<bytes::Bytes, OssError> {
        let whole = bytes::Bytes::from(self.collect(limit).await?);
        self.received = 0;
        let again = whole.clone();
        self.give(futures_util::stream::once(async { Ok(again) }));
        Ok(whole)
    }

    /// Reads on for a while, so that a client that sends first and reads later sees why it is refused.
    pub async fn drain(&mut self) {
        if self.expects && self.received == 0 {
            return;
        }
        self.pace = None;
        let until = self.received.saturating_add(DRAINED);
        let rest = async {
            while self.received < until {
                match self.next().await {
                    Ok(Some(_)) => {}
                    _ => break,
                }
            }
        };
        let _ = tokio::time::timeout(DRAIN_TIME, rest).await;
    }
}
