//! The file of a form: its bytes as they arrive, held to their limits; then the rest of the form, which is read and
//! ignored.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use shared::error::OssError;
use shared::sign::post_policy::SizeLimits;

use super::part::Part;
use super::scan::{After, Content, Scanner};
use super::{MAX_PARTS, MAX_TOTAL, MAX_VALUE, malformed, one_file, too_long};

/// A body and how far it is read.
#[derive(Debug)]
pub(super) struct Reader<S> {
    body: S,
    pub(super) scanner: Scanner,
}

impl<S, E> Reader<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<OssError>,
{
    pub(super) fn new(body: S, boundary: &str) -> Self {
        Self { body, scanner: Scanner::new(boundary) }
    }

    /// Feeds the scanner one piece of the body, or its end.
    pub(super) fn poll_feed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), OssError>> {
        Poll::Ready(match ready!(Pin::new(&mut self.body).poll_next(cx)) {
            Some(Ok(piece)) => {
                self.scanner.feed(piece);
                Ok(())
            }
            Some(Err(error)) => Err(error.into()),
            None => {
                self.scanner.finish();
                Ok(())
            }
        })
    }
}

/// Where in the form the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    File,
    Delimiter,
    Head,
    Ignored,
    Done,
}

/// The bytes of the file. It ends without an error only when the whole form is there and the file is within its limits:
/// who stores it must not keep it otherwise.
#[derive(Debug)]
pub struct FileBytes<S> {
    reader: Reader<S>,
    stage: Stage,
    limits: SizeLimits,
    /// Sent without a file name: OSS takes it as a text field, whose length is bounded.
    text: bool,
    received: u64,
    ignored: usize,
    parts_after: usize,
}

impl<S> FileBytes<S> {
    pub(super) fn new(reader: Reader<S>, text: bool) -> Self {
        let limits = SizeLimits::default();
        Self { reader, stage: Stage::File, limits, text, received: 0, ignored: 0, parts_after: 0 }
    }

    /// Holds the file to what its policy allows; without this, to OSS's 5 GiB.
    pub fn limit(&mut self, limits: SizeLimits) {
        self.limits = limits;
    }

    fn count(&mut self, bytes: usize) -> Result<(), OssError> {
        self.received = self.received.saturating_add(bytes as u64);
        if self.text && self.received > MAX_VALUE as u64 {
            return Err(too_long("0006-00000111", MAX_VALUE));
        }
        self.limits.check_so_far(self.received)
    }

    /// Goes on as far as what is fed allows: `Some` with what to hand out, `None` when more is needed.
    fn step(&mut self) -> Result<Option<Option<Bytes>>, OssError> {
        loop {
            match self.stage {
                Stage::File => match self.reader.scanner.content()? {
                    Content::Data(bytes) => {
                        self.count(bytes.len())?;
                        return Ok(Some(Some(bytes)));
                    }
                    Content::End => {
                        self.limits.check_whole(self.received)?;
                        self.stage = Stage::Delimiter;
                    }
                    Content::More => return Ok(None),
                },
                Stage::Delimiter => match self.reader.scanner.after()? {
                    After::Part => self.stage = Stage::Head,
                    After::Close => self.stage = Stage::Done,
                    After::More => return Ok(None),
                },
                Stage::Head => match self.reader.scanner.head()? {
                    Some(head) => self.ignore(&head)?,
                    None => return Ok(None),
                },
                Stage::Ignored => match self.reader.scanner.content()? {
                    Content::Data(bytes) => self.skip(bytes.len())?,
                    Content::End => self.stage = Stage::Delimiter,
                    Content::More => return Ok(None),
                },
                Stage::Done => return Ok(Some(None)),
            }
        }
    }

    /// A field behind the file means nothing; another file would be lost in silence.
    fn ignore(&mut self, head: &[u8]) -> Result<(), OssError> {
        self.parts_after += 1;
        if self.parts_after > MAX_PARTS {
            return Err(malformed("0006-00000103", "The form has too many fields."));
        }
        if Part::parse(head)?.is_file() {
            return Err(one_file());
        }
        self.stage = Stage::Ignored;
        Ok(())
    }

    fn skip(&mut self, bytes: usize) -> Result<(), OssError> {
        self.ignored += bytes;
        if self.ignored > MAX_TOTAL {
            return Err(too_long("0006-00000112", MAX_TOTAL));
        }
        Ok(())
    }
}

impl<S, E> Stream for FileBytes<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<OssError>,
{
    type Item = Result<Bytes, OssError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let fed = match this.step() {
                Ok(Some(next)) => return Poll::Ready(next.map(Ok)),
                Ok(None) => ready!(this.reader.poll_feed(cx)),
                Err(error) => Err(error),
            };
            if let Err(error) = fed {
                this.stage = Stage::Done;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}
