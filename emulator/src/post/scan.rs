//! Cuts a multipart body into heads and contents, fed piece by piece. It holds no more than a head, or one piece and
//! the start of a delimiter.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;
use shared::error::OssError;

use super::{MAX_NAME, malformed, too_long};

/// The most bytes of a part's header lines; a field's name may have 8 KiB of it.
pub(super) const MAX_HEAD: usize = 16 << 10;
/// The most padding between a boundary and its line's end.
const MAX_PADDING: usize = 256;

/// What follows in a part's content.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Bytes of the content.
    Data(Bytes),
    /// The delimiter, now behind.
    End,
    /// Nothing until more is fed.
    More,
}

/// What follows a delimiter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// A part.
    Part,
    /// The end of the form.
    Close,
    /// Nothing until more is fed.
    More,
}

/// The body as far as it is fed and not yet handed out.
#[derive(Debug)]
pub(super) struct Scanner {
    held: Bytes,
    ended: bool,
    /// CRLF, two dashes, the boundary. Its only CR is the first byte.
    delimiter: memmem::Finder<'static>,
}

impl Scanner {
    /// Before a body. `boundary` has no CR.
    pub(super) fn new(boundary: &str) -> Self {
        let delimiter = memmem::Finder::new(format!("\r\n--{boundary}").as_bytes()).into_owned();
        // The first boundary may open the body; with this line's end before it, it is like the others.
        Self { held: Bytes::from_static(b"\r\n"), ended: false, delimiter }
    }

    /// Takes the next piece of the body.
    pub(super) fn feed(&mut self, piece: Bytes) {
        if self.held.is_empty() {
            self.held = piece;
        } else {
            let mut joined = BytesMut::with_capacity(self.held.len() + piece.len());
            joined.extend_from_slice(&self.held);
            joined.extend_from_slice(&piece);
            self.held = joined.freeze();
        }
    }

    /// The body is over.
    pub(super) fn finish(&mut self) {
        self.ended = true;
    }

    /// Goes on in a part's content.
    ///
    /// # Errors
    /// 400 when the body ended within it.
    pub(super) fn content(&mut self) -> Result<Content, OssError> {
        match self.delimiter.find(&self.held) {
            Some(0) => {
                self.held.advance(self.delimiter.needle().len());
                Ok(Content::End)
            }
            Some(at) => Ok(Content::Data(self.held.split_to(at))),
            None if self.ended => Err(truncated()),
            None => {
                let sure = self.held.len() - self.begun();
                Ok(if sure == 0 { Content::More } else { Content::Data(self.held.split_to(sure)) })
            }
        }
    }

    /// How many bytes at the end may be the beginning of a delimiter.
    fn begun(&self) -> usize {
        let needle = self.delimiter.needle();
        let tail = self.held.get(self.held.len().saturating_sub(needle.len() - 1)..).unwrap_or_default();
        let begun = memchr::memrchr(b'\r', tail).and_then(|at| tail.get(at..)).unwrap_or_default();
        if needle.starts_with(begun) { begun.len() } else { 0 }
    }

    /// Reads the rest of a delimiter's line.
    ///
    /// # Errors
    /// 400 when it is neither a line's end nor the two dashes that close the form.
    pub(super) fn after(&mut self) -> Result<After, OssError> {
        let padding = self.held.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let rest = self.held.get(padding..).unwrap_or_default();
        if self.held.starts_with(b"--") {
            Ok(After::Close)
        } else if rest.starts_with(b"\r\n") && padding <= MAX_PADDING {
            self.held.advance(padding + 2);
            Ok(After::Part)
        } else if self.ended {
            Err(truncated())
        } else if padding <= MAX_PADDING && matches!(rest, [] | [b'\r'] | [b'-']) {
            Ok(After::More)
        } else {
            Err(malformed("0006-00000103", "A boundary must end its line."))
        }
    }

    /// The header lines of a part, without the empty line that ends them; `None` until more is fed.
    ///
    /// # Errors
    /// 400 when they are too long, or the body ended within them.
    pub(super) fn head(&mut self) -> Result<Option<Bytes>, OssError> {
        if self.held.starts_with(b"\r\n") {
            self.held.advance(2);
            return Ok(Some(Bytes::new()));
        }
        let near = self.held.get(..MAX_HEAD).unwrap_or(&self.held);
        match memmem::find(near, b"\r\n\r\n") {
            Some(at) => {
                let head = self.held.split_to(at);
                self.held.advance(4);
                Ok(Some(head))
            }
            // Nothing but a name makes it this long.
            None if self.held.len() >= MAX_HEAD => Err(too_long("0006-00000110", MAX_NAME)),
            None if self.ended => Err(truncated()),
            None => Ok(None),
        }
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }
}

fn truncated() -> OssError {
    malformed("0006-00000104", "The body ended before the boundary that closes the form.")
}
