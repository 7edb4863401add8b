//! The date formats of OSS, STS and HTTP, written and read.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description as describe;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

type Format = &'static [BorrowedFormatItem<'static>];

const ISO8601: Format = describe!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const ISO8601_MILLIS: Format = describe!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const OSS_XML: Format = describe!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z");
const ISO8601_FRACTION: Format = describe!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond]Z");
const ISO_BASIC: Format = describe!("[year][month][day]T[hour][minute][second]Z");
const HTTP_DATE: Format =
    describe!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

fn write(t: OffsetDateTime, format: Format) -> String {
    // Formatting UTC numbers into a String has no way to fail; the empty text would be refused by every reader.
    t.to_offset(UtcOffset::UTC).format(format).unwrap_or_default()
}

fn read(text: &str, format: Format) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, format).ok().map(PrimitiveDateTime::assume_utc)
}

/// `2017-12-12T07:49:09Z`: token expiry, STS timestamps (`token-server.md` §0.3: second precision, never an offset).
pub fn iso8601(t: OffsetDateTime) -> String {
    write(t, ISO8601)
}

/// `2017-12-12T07:49:09.000Z`: dates inside OSS's XML. OSS counts whole seconds, and the older Python SDK reads only `.000`.
pub fn oss_xml(t: OffsetDateTime) -> String {
    write(t, OSS_XML)
}

/// `2017-12-12T07:49:09.123Z`: moments in records of ours.
pub fn iso8601_millis(t: OffsetDateTime) -> String {
    write(t, ISO8601_MILLIS)
}

/// `20231217T025437Z`: V4 signing times.
pub fn iso_basic(t: OffsetDateTime) -> String {
    write(t, ISO_BASIC)
}

/// `Wed, 28 Dec 2022 10:27:41 GMT`: HTTP headers (RFC 9110 §5.6.7).
pub fn http_date(t: OffsetDateTime) -> String {
    write(t, HTTP_DATE)
}

/// Reads `2017-12-12T07:49:09Z`, with or without a fraction of a second.
pub fn parse_iso8601(text: &str) -> Option<OffsetDateTime> {
    read(text, ISO8601).or_else(|| read(text, ISO8601_FRACTION))
}

/// Reads `20231217T025437Z`.
pub fn parse_iso_basic(text: &str) -> Option<OffsetDateTime> {
    read(text, ISO_BASIC)
}

/// Reads `Wed, 28 Dec 2022 10:27:41 GMT`; the day of month must have two digits, as OSS demands.
pub fn parse_http_date(text: &str) -> Option<OffsetDateTime> {
    read(text, HTTP_DATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn every_format_reads_what_it_writes() {
        let t = datetime!(2022-12-08 01:02:03 UTC);
        assert_eq!(iso8601(t), "2022-12-08T01:02:03Z");
        assert_eq!(iso8601_millis(t), "2022-12-08T01:02:03.000Z");
        assert_eq!(oss_xml(t + time::Duration::milliseconds(987)), "2022-12-08T01:02:03.000Z");
        assert_eq!(iso_basic(t), "20221208T010203Z");
        assert_eq!(http_date(t), "Thu, 08 Dec 2022 01:02:03 GMT");
        assert_eq!(parse_iso8601("2022-12-08T01:02:03Z"), Some(t));
        assert_eq!(parse_iso8601("2022-12-08T01:02:03.000Z"), Some(t));
        assert_eq!(parse_iso_basic("20221208T010203Z"), Some(t));
        assert_eq!(parse_http_date("Thu, 08 Dec 2022 01:02:03 GMT"), Some(t));
    }

    #[test]
    fn sloppy_dates_are_refused() {
        assert_eq!(parse_http_date("Thu, 8 Dec 2022 01:02:03 GMT"), None);
        assert_eq!(parse_iso8601("2022-12-08T01:02:03+08:00"), None);
        assert_eq!(parse_iso_basic("20221308T010203Z"), None);
    }
}
