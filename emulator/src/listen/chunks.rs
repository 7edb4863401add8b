//! Where a chunked body ends (RFC 9112 §7.1), found on the way past: the bytes themselves are decoded by hyper.

/// Chunk extensions and trailers together, in bytes a body.
const MAX_SLACK: u16 = 8 * 1024;

/// A chunked body that no reader is sure to read as another would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chunked body is malformed")]
pub struct BadChunk;

/// How far a chunked body has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunks {
    step: Step,
    slack: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Hex digits: how many there were, and what they say.
    Size(u8, u64),
    /// After `;`, up to the end of the line.
    Extension(u64),
    /// The line feed after a size.
    SizeEnd(u64),
    /// So many bytes of data are still to come, one at least.
    Data(u64),
    /// The carriage return after the data.
    DataReturn,
    /// The line feed after the data.
    DataEnd,
    /// At the start of a trailer's line.
    Trailer,
    /// Within a trailer's line.
    TrailerLine,
    /// The line feed after a trailer's line.
    TrailerEnd,
    /// The line feed after the empty line.
    LastEnd,
    Done,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { step: Step::Size(0, 0), slack: MAX_SLACK }
    }
}

impl Chunks {
    /// How many of `bytes`, from the first, belong to the body.
    ///
    /// # Errors
    /// [`BadChunk`] at the first byte that should not be there.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        let mut at = 0;
        while self.step != Step::Done {
            let Some(byte) = bytes.get(at) else { break };
            if let Step::Data(left) = self.step {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                at += here;
                let left = left - here as u64;
                self.step = if left == 0 { Step::DataReturn } else { Step::Data(left) };
            } else {
                self.step = self.after(*byte)?;
                at += 1;
            }
        }
        Ok(at)
    }

    /// Whether the last byte of the body has passed.
    pub fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    fn after(&mut self, byte: u8) -> Result<Step, BadChunk> {
        if matches!(self.step, Step::Extension(_) | Step::Trailer | Step::TrailerLine) {
            self.slack = self.slack.checked_sub(1).ok_or(BadChunk)?;
        }
        match (self.step, byte) {
            (Step::Size(1.., size), b'\r') | (Step::Extension(size), b'\r') => Ok(Step::SizeEnd(size)),
            (Step::Size(1.., size), b';') => Ok(Step::Extension(size)),
            (Step::Size(digits @ ..16, size), byte) => {
                let digit = char::from(byte).to_digit(16).ok_or(BadChunk)?;
                Ok(Step::Size(digits + 1, (size << 4) | u64::from(digit)))
            }
            (Step::SizeEnd(0), b'\n') | (Step::TrailerEnd, b'\n') => Ok(Step::Trailer),
            (Step::SizeEnd(size), b'\n') => Ok(Step::Data(size)),
            (Step::DataReturn, b'\r') => Ok(Step::DataEnd),
            (Step::DataEnd, b'\n') => Ok(Step::Size(0, 0)),
            (Step::Trailer, b'\r') => Ok(Step::LastEnd),
            (Step::TrailerLine, b'\r') => Ok(Step::TrailerEnd),
            (Step::LastEnd, b'\n') => Ok(Step::Done),
            (Step::Extension(size), b'\t' | b' '..=b'~' | 0x80..) => Ok(Step::Extension(size)),
            (Step::Trailer | Step::TrailerLine, b'\t' | b' '..=b'~' | 0x80..) => Ok(Step::TrailerLine),
            _ => Err(BadChunk),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_where_its_last_chunk_does() {
        for body in [
            "0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "A;name=value\r\n0123456789\r\n00\r\nx: y\r\nz: w\r\n\r\n",
            "000000000000001\r\n\n\r\n0\r\n\r\n",
        ] {
            let stream = format!("{body}GET / HTTP/1.1\r\n");
            for cut in 0..=stream.len() {
                let mut chunks = Chunks::default();
                let (first, second) = stream.as_bytes().split_at(cut);
                let mut taken = chunks.take(first).unwrap();
                assert_eq!(taken, cut.min(body.len()), "{body:?} cut at {cut}");
                if taken == cut {
                    taken += chunks.take(second).unwrap();
                }
                assert_eq!((taken, chunks.is_done()), (body.len(), true), "{body:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_body_that_is_not_to_the_letter_is_none() {
        let long = format!("1;{}\r\n", "x".repeat(usize::from(MAX_SLACK)));
        for body in [
            "",
            "\r\n",
            ";x\r\n",
            "g\r\n",
            "0x5\r\n",
            "-1\r\n",
            " 5\r\n",
            "5 \r\n",
            "5\nhello",
            "5\rhello",
            "5;a\nhello",
            "5\r\nhelloX\r\n",
            "5\r\nhello\n",
            "0\r\n\n",
            "0\r\nx: y\n\r\n",
            "11111111111111111\r\n",
            &long,
        ] {
            let mut chunks = Chunks::default();
            let outcome = chunks.take(body.as_bytes());
            assert!(outcome.is_err() || body.is_empty(), "{body:?}: {outcome:?}");
            assert!(!chunks.is_done(), "{body:?}");
        }
    }
}
