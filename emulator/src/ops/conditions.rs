//! Conditional reads: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since.

use shared::error::{OssCode, OssError};
use shared::sign::Request;
use shared::timefmt;

use super::Failure;
use crate::store::{ObjectRecord, from_ms};

/// The names that the four conditions go by.
struct Names {
    matches: &'static str,
    none_match: &'static str,
    modified: &'static str,
    unmodified: &'static str,
}

const OF_READ: Names = Names {
    matches: "If-Match",
    none_match: "If-None-Match",
    modified: "If-Modified-Since",
    unmodified: "If-Unmodified-Since",
};
const OF_SOURCE: Names = Names {
    matches: "x-oss-copy-source-if-match",
    none_match: "x-oss-copy-source-if-none-match",
    modified: "x-oss-copy-source-if-modified-since",
    unmodified: "x-oss-copy-source-if-unmodified-since",
};

/// Checks the conditions of a GET or HEAD; a date that cannot be read counts as absent, as HTTP asks.
///
/// # Errors
/// 412 `PreconditionFailed`; 304 `NotModified`, which says of what (RFC 9110 §15.4.5).
pub fn check(request: &Request, record: &ObjectRecord) -> Result<(), Failure> {
    check_named(request, record, &OF_READ).map_err(|error| {
        if error.code != OssCode::NotModified {
            return error.into();
        }
        let kept = |name| record.attributes.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let mut failure = Failure::from(error)
            .header("etag", format!("\"{}\"", record.etag))
            .header("last-modified", timefmt::http_date(from_ms(record.modified_ms)));
        for name in ["cache-control", "expires"] {
            failure.headers.extend(kept(name).map(|value| (name, value.clone())));
        }
        failure
    })
}

/// As [`check`], of the source of a copy.
///
/// # Errors
/// 412 `PreconditionFailed`, 304 `NotModified`.
pub fn check_source(request: &Request, record: &ObjectRecord) -> Result<(), OssError> {
    check_named(request, record, &OF_SOURCE)
}

fn check_named(request: &Request, record: &ObjectRecord, names: &Names) -> Result<(), OssError> {
    let matches = |list: &str| {
        list.split(',')
            .map(|tag| tag.trim().trim_matches('"'))
            .any(|tag| tag == "*" || tag.eq_ignore_ascii_case(&record.etag))
    };
    let modified = from_ms(record.modified_ms).unix_timestamp();
    let date = |name| request.header(name).and_then(timefmt::parse_http_date).map(|date| date.unix_timestamp());
    let failed = |condition: &str| {
        let message = "At least one of the pre-conditions you specified did not hold.";
        Err(OssError::new(OssCode::PreconditionFailed, message).ec("0016-00000004").detail("Condition", condition))
    };
    match request.header(names.matches) {
        Some(list) if !matches(list) => return failed(names.matches),
        Some(_) => {}
        None if date(names.unmodified).is_some_and(|date| modified > date) => return failed(names.unmodified),
        None => {}
    }
    let unchanged = match request.header(names.none_match) {
        Some(list) => matches(list),
        None => date(names.modified).is_some_and(|date| modified <= date),
    };
    if unchanged { Err(OssError::new(OssCode::NotModified, "The object has not been modified.")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_or_name_themselves() {
        let record =
            ObjectRecord { etag: "ABCD".to_owned(), modified_ms: 1_600_000_000_500, ..crate::store::sample_object() };
        let same = timefmt::http_date(from_ms(record.modified_ms));
        let before = timefmt::http_date(from_ms(record.modified_ms - 1_000));
        for (name, value, expected) in [
            ("If-Match", "\"abcd\"", Ok(())),
            ("If-Match", "*", Ok(())),
            ("If-Match", "\"other\"", Err(412)),
            ("If-None-Match", "ABCD", Err(304)),
            ("If-None-Match", "\"x\", \"ABCD\"", Err(304)),
            ("If-None-Match", "\"x\"", Ok(())),
            ("If-Modified-Since", same.as_str(), Err(304)),
            ("If-Modified-Since", before.as_str(), Ok(())),
            ("If-Unmodified-Since", same.as_str(), Ok(())),
            ("If-Unmodified-Since", before.as_str(), Err(412)),
            ("If-Unmodified-Since", "yesterday", Ok(())),
        ] {
            let request = Request::new("GET", None, None).with_header(name, value);
            assert_eq!(check(&request, &record).map_err(|failure| failure.error.status), expected, "{name}: {value}");
        }
    }
}
