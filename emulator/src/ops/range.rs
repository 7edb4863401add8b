//! `Range` as OSS reads it: one range; what it cannot satisfy it ignores, unless the client asks for the standard's behaviour (`oss-rest.md` §2.2).

use shared::error::{OssCode, OssError};
use shared::sign::Request;

/// A run of bytes: from, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first byte.
    pub from: u64,
    /// How many.
    pub length: u64,
}

/// The part of an object of `size` bytes that `request` asks for; `None` for the whole.
///
/// # Errors
/// 416 for a range beyond the end, when `x-oss-range-behavior: standard`.
pub fn requested(request: &Request, size: u64) -> Result<Option<Run>, OssError> {
    let standard = request.header("x-oss-range-behavior") == Some("standard");
    request.header("range").map_or(Ok(None), |text| of_text(text, size, standard))
}

/// The part of `size` bytes that `text` names; `None` for the whole.
///
/// # Errors
/// 416 for a range beyond the end, when `standard`.
pub fn of_text(text: &str, size: u64, standard: bool) -> Result<Option<Run>, OssError> {
    let Some((from, to)) = parse(text) else {
        return Ok(None);
    };
    let last = size.checked_sub(1);
    let run = match (from, to, last) {
        // The last `count` bytes.
        (None, Some(count), Some(_)) if count > 0 && (count <= size || standard) => {
            let length = count.min(size);
            Some(Run { from: size - length, length })
        }
        (Some(from), to, Some(last)) if from <= last => match to {
            None => Some(Run { from, length: size - from }),
            Some(to) if to <= last => Some(Run { from, length: to - from + 1 }),
            Some(_) if standard => Some(Run { from, length: size - from }),
            Some(_) => None,
        },
        _ if standard => {
            return Err(OssError::new(OssCode::InvalidRange, "The requested range cannot be satisfied.")
                .detail("RangeRequested", text)
                .detail("ActualObjectSize", size.to_string()));
        }
        _ => None,
    };
    Ok(run)
}

/// `bytes=from-to`, `bytes=from-`, `bytes=-count`; `None` when it is none of these.
fn parse(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (from, to) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| if text.is_empty() { Some(None) } else { text.trim().parse().ok().map(Some) };
    match (number(from)?, number(to)?) {
        (None, None) => None,
        (Some(from), Some(to)) if to < from => None,
        range => Some(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_published_rules() {
        let run = |from, length| Ok(Some(Run { from, length }));
        let beyond = Err(OssCode::InvalidRange);
        for (range, size, lenient, standard) in [
            ("bytes=0-9", 100, run(0, 10), run(0, 10)),
            ("bytes=90-", 100, run(90, 10), run(90, 10)),
            ("bytes=-10", 100, run(90, 10), run(90, 10)),
            ("bytes=99-99", 100, run(99, 1), run(99, 1)),
            ("bytes=50-100", 100, Ok(None), run(50, 50)),
            ("bytes=-200", 100, Ok(None), run(0, 100)),
            ("bytes=100-", 100, Ok(None), beyond.clone()),
            ("bytes=-0", 100, Ok(None), beyond.clone()),
            ("bytes=0-0", 0, Ok(None), beyond.clone()),
            ("bytes=9-1", 100, Ok(None), Ok(None)),
            ("bytes=0-1,5-6", 100, Ok(None), Ok(None)),
            ("bytes=a-b", 100, Ok(None), Ok(None)),
            ("0-9", 100, Ok(None), Ok(None)),
            ("bytes=-", 100, Ok(None), Ok(None)),
            ("bytes=18446744073709551616-", 100, Ok(None), Ok(None)),
        ] {
            let request = Request::new("GET", None, None).with_header("Range", range);
            let code = |result: Result<_, OssError>| result.map_err(|error| error.code);
            assert_eq!(code(requested(&request, size)), lenient, "{range}");
            let request = request.with_header("x-oss-range-behavior", "standard");
            assert_eq!(code(requested(&request, size)), standard, "{range}, standard");
        }
    }
}
