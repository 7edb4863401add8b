//! A request's head, held against RFC 9112 to the letter before hyper sees it: what two readers could read in two ways is refused.

use axum::http::StatusCode;

use super::chunks::{BadChunk, Chunks};

/// The longest head in bytes, request line included: 8 KiB of user metadata, a security token, and as much again.
pub const MAX_HEAD: usize = 16 * 1024;
/// The most header fields; hyper reads no more.
const MAX_FIELDS: usize = 100;
/// Fields that decide where a request ends, whom it is for or who sent it: a second one would be another opinion.
const ONCE: [&str; 11] = [
    "authorization",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "host",
    "range",
    "transfer-encoding",
    "x-oss-content-sha256",
    "x-oss-date",
    "x-oss-security-token",
];

/// Why a request goes no further than the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The answer's status.
    pub status: StatusCode,
    /// What the person who sent it can mend.
    pub reason: &'static str,
}

fn bad(reason: &'static str) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, reason }
}

/// The head did not end in time.
pub const TOO_SLOW: Refusal =
    Refusal { status: StatusCode::REQUEST_TIMEOUT, reason: "the request's head took too long to arrive" };
/// The head is longer than [`MAX_HEAD`], or has more than [`MAX_FIELDS`] fields.
pub const TOO_LARGE: Refusal = Refusal {
    status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    reason: "a head may have 100 fields and 16 KiB, request line included",
};

/// How the body that follows a head is delimited, and how much of it has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks, up to the last one and its trailer.
    Chunked(Chunks),
}

impl Body {
    /// How many of `bytes`, from the first, belong to this body; they count as passed.
    ///
    /// # Errors
    /// [`BadChunk`].
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        match self {
            Self::Length(left) => {
                let mine = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= mine as u64;
                Ok(mine)
            }
            Self::Chunked(chunks) => chunks.take(bytes),
        }
    }

    /// Whether all of it has passed.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_done(),
        }
    }
}

/// Looks for the empty line that ends a head, once over each byte however they arrive.
#[derive(Debug, Default)]
pub struct Scan {
    at: usize,
    line: usize,
}

impl Scan {
    /// Where the head ends that `held` begins with, once all of it is there. An empty line before the request line counts as a
    /// head of two bytes, and is to be skipped.
    ///
    /// # Errors
    /// A line that ends otherwise than with CR LF, or a control character: such a head is not waited for.
    pub fn end(&mut self, held: &[u8]) -> Result<Option<usize>, Refusal> {
        while let Some(byte) = held.get(self.at) {
            match byte {
                b'\r' => match held.get(self.at + 1) {
                    None => return Ok(None),
                    Some(b'\n') => {
                        let empty = self.at == self.line;
                        self.at += 2;
                        self.line = self.at;
                        if empty {
                            return Ok(Some(self.at));
                        }
                    }
                    Some(_) => return Err(bad("a carriage return without its line feed")),
                },
                b'\n' => return Err(bad("a line feed without its carriage return")),
                b'\t' | b' '..=b'~' | 0x80.. => self.at += 1,
                _ => return Err(bad("a control character in the head; is this HTTP?")),
            }
        }
        Ok(None)
    }
}

/// Checks a whole head, as [`Scan`] found it, and tells how its body is delimited.
///
/// # Errors
/// [`Refusal`] where RFC 9112 demands one or allows one against request smuggling.
pub fn read(head: &[u8]) -> Result<Body, Refusal> {
    let mut lines = head.strip_suffix(b"\r\n\r\n").unwrap_or(head).split(|byte| *byte == b'\n');
    let mut next = || lines.next().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let version = request_line(next().unwrap_or_default())?;
    let mut fields = Fields::default();
    let mut count = 0;
    while let Some(line) = next() {
        count += 1;
        if count > MAX_FIELDS {
            return Err(TOO_LARGE);
        }
        fields.add(line)?;
    }
    fields.body(version)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

fn request_line(line: &[u8]) -> Result<Version, Refusal> {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = words.as_slice() else {
        return Err(bad("the request line must be a method, a target and HTTP/1.1, with one space between them"));
    };
    if !is_token(method) || target.is_empty() || target.contains(&b'\t') {
        return Err(bad("the request line has no method or no target"));
    }
    match *version {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        other if other.starts_with(b"HTTP/") => Err(Refusal {
            status: StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            reason: "HTTP/1.1 and HTTP/1.0 are spoken here",
        }),
        _ => Err(bad("the request line does not end with HTTP/1.1")),
    }
}

/// The characters of RFC 9110's `token`.
fn is_token(text: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(allowed)
}

/// The fields of [`ONCE`] that were seen, each in the place of its name.
#[derive(Debug, Default)]
struct Fields<'a>([Option<&'a [u8]>; ONCE.len()]);

impl<'a> Fields<'a> {
    fn add(&mut self, line: &'a [u8]) -> Result<(), Refusal> {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(bad("a header without a colon"))?;
        let (name, value) = line.split_at(colon);
        if !is_token(name) {
            // Also a line that begins with a space: folded lines are long forbidden.
            return Err(bad("a header's name has a character, or a space, that no name may have"));
        }
        let known = ONCE.iter().position(|once| name.eq_ignore_ascii_case(once.as_bytes()));
        if let Some(seen) = known.and_then(|index| self.0.get_mut(index))
            && seen.replace(value.get(1..).unwrap_or_default().trim_ascii()).is_some()
        {
            return Err(bad("a header that may be there once is there twice"));
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&'a [u8]> {
        let index = ONCE.iter().position(|once| *once == name)?;
        self.0.get(index).copied().flatten()
    }

    fn body(&self, version: Version) -> Result<Body, Refusal> {
        match self.get("host") {
            None if version == Version::Http11 => return Err(bad("the Host header is missing")),
            Some(host) if !host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte)) => {
                return Err(bad("the Host header is no host"));
            }
            _ => {}
        }
        match (self.get("content-length"), self.get("transfer-encoding")) {
            (None, None) => Ok(Body::Length(0)),
            (Some(length), None) => length_of(length).map(Body::Length),
            (None, Some(coding)) if version == Version::Http11 && coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(Body::Chunked(Chunks::default()))
            }
            (None, Some(_)) => Err(bad("Transfer-Encoding may be chunked and nothing else, in HTTP/1.1")),
            (Some(_), Some(_)) => Err(bad("Content-Length and Transfer-Encoding exclude each other")),
        }
    }
}

fn length_of(text: &[u8]) -> Result<u64, Refusal> {
    let digits = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    // The largest numbers mean something else to hyper; no body is so long.
    let length = digits.and_then(|digits| digits.parse().ok()).filter(|length| *length <= u64::MAX >> 1);
    length.ok_or(bad("Content-Length is not a number of bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As a connection would see it.
    fn door(bytes: &[u8]) -> Result<Option<Body>, Refusal> {
        let mut scan = Scan::default();
        Ok(match scan.end(bytes)? {
            Some(end) => Some(read(&bytes[..end])?),
            None => None,
        })
    }

    #[test]
    fn bodies_are_delimited_in_one_way() {
        let chunked = || Body::Chunked(Chunks::default());
        for (fields, expected) in [
            ("Host: h", Body::Length(0)),
            ("host:h\r\nCONTENT-length:\t5 ", Body::Length(5)),
            ("Host: h:80\r\nContent-Length: 0", Body::Length(0)),
            ("Host: [::1]:80\r\nTransfer-Encoding: Chunked", chunked()),
            ("Host:", Body::Length(0)),
            ("Host: h\r\nx-oss-meta-a: 中\r\nx-oss-meta-a: b\r\nEmpty:", Body::Length(0)),
        ] {
            let head = format!("PUT /b/k HTTP/1.1\r\n{fields}\r\n\r\n");
            assert_eq!(door(head.as_bytes()), Ok(Some(expected)), "{fields}");
        }
        assert_eq!(door(b"GET / HTTP/1.0\r\n\r\n"), Ok(Some(Body::Length(0))), "no Host in HTTP/1.0");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for fields in [
            "Host: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
            "Host: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
            "Host: h\r\nContent-Length: 5\r\nContent-Length: 6",
            "Host: h\r\nContent-Length: 5\r\ncontent-length: 5",
            "Host: h\r\nContent-Length: 5, 5",
            "Host: h\r\nContent-Length: +5",
            "Host: h\r\nContent-Length: 0x5",
            "Host: h\r\nContent-Length: -1",
            "Host: h\r\nContent-Length:",
            "Host: h\r\nContent-Length: 18446744073709551615",
            "Host: h\r\nContent-Length: 99999999999999999999",
            "Host: h\r\nTransfer-Encoding: gzip, chunked",
            "Host: h\r\nTransfer-Encoding: chunked, identity",
            "Host: h\r\nTransfer-Encoding: xchunked",
            "Host: h\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked",
            "Host: h\r\nTransfer-Encoding : chunked",
            "Host: h\r\n Transfer-Encoding: chunked",
            "Host: h\r\nTransfer-Encoding:\x0bchunked",
            "Host: h\r\nX: a\r\n b",
            "Host: h\r\nX: a\rb",
            "Host: h\nX: a",
            "Host: h\r\nX: a\0",
            "Host: h\r\nX",
            "Host: h\r\n: x",
            "Host: h\r\nHost: i",
            "Host: h/k",
            "Host: a@h",
            "X: y",
            "Host: h\r\nAuthorization: a\r\nAuthorization: b",
        ] {
            let head = format!("PUT /b/k HTTP/1.1\r\n{fields}\r\n\r\n");
            let refused = door(head.as_bytes()).expect_err(fields);
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{fields}");
        }
        for (line, status) in [
            ("GET /", 400),
            ("GET / HTTP/1.1 ", 400),
            ("GET  / HTTP/1.1", 400),
            ("GET /a b HTTP/1.1", 400),
            (" / HTTP/1.1", 400),
            ("G(T / HTTP/1.1", 400),
            ("GET / http/1.1", 400),
            ("GET / HTTP/2.0", 505),
            ("PRI * HTTP/2.0", 505),
        ] {
            let head = format!("{line}\r\nHost: h\r\n\r\n");
            assert_eq!(door(head.as_bytes()).expect_err(line).status.as_u16(), status, "{line}");
        }
        let head = |fields: usize| format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "x: y\r\n".repeat(fields - 1));
        assert_eq!(door(head(MAX_FIELDS).as_bytes()), Ok(Some(Body::Length(0))));
        assert_eq!(door(head(MAX_FIELDS + 1).as_bytes()), Err(TOO_LARGE));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered_and_pieces_make_no_difference(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b':'), Just(b' ')], 0..200),
            cut in 0usize..200,
        ) {
            let whole = Scan::default().end(&bytes);
            let mut scan = Scan::default();
            let early = scan.end(&bytes[..cut.min(bytes.len())]);
            let pieces = if matches!(early, Ok(None)) { scan.end(&bytes) } else { early };
            prop_assert_eq!(whole, pieces);
            let _ = read(&bytes);
        }
    }
}
