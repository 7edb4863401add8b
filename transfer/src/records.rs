//! What the app server keeps of uploads: a page of its `GET /v1/uploads` (`SUPPORT.md`).

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;
use shared::timefmt;
use time::OffsetDateTime;

/// What a server answers whose configuration has no section `Uploads`.
pub(crate) const NOT_KEPT: &str = "UploadsNotKept";
/// Where the records are, below where the token routes are.
const ROUTE: &str = "v1/uploads";
/// The token routes of the app server, without the `/` that stands for all of them.
const TOKEN_ROUTES: [&str; 3] = ["/sts/getsts", "/sts", "/v1/token"];
/// A URL with this parameter is signed with all that stands in its query, so that nothing can be added.
const SIGNATURE: &str = "dt-signature";
/// Records on one page.
const PAGE: &str = "100";

/// Some of the records of uploads, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordPage {
    /// The records.
    pub records: Vec<UploadRecord>,
    /// Where the next page begins, if there is one and it can be asked for.
    pub next: Option<String>,
    /// Whether there are more that cannot be asked for: a signed URL shows the newest ones alone.
    pub truncated: bool,
}

/// An upload as the app server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRecord {
    /// Names bucket, object and ETag.
    pub id: String,
    /// The bucket.
    pub bucket: String,
    /// The object key, decoded.
    pub key: String,
    /// Without quotes, upper-case.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// Whose upload it is, where that is known.
    pub identity: Option<String>,
    /// What the app said beside what OSS knows; nobody checked it.
    pub vars: BTreeMap<String, String>,
    /// Who told of it first.
    pub source: RecordSource,
    /// Whether the app server has seen the object in the bucket, with this ETag and size.
    pub verified: bool,
    /// When OSS stored it, or else when the app server heard of it.
    pub uploaded_at: OffsetDateTime,
}

/// Who told the app server of an upload first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordSource {
    /// OSS, by a callback.
    Callback,
    /// The app that uploaded it.
    App,
    /// A listing of the bucket.
    Listing,
    /// Somebody that this version does not know of.
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PageText {
    uploads: Vec<RecordText>,
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RecordText {
    id: String,
    bucket: String,
    object: String,
    #[serde(rename = "ETag")]
    etag: String,
    size: u64,
    identity: Option<String>,
    #[serde(default)]
    vars: BTreeMap<String, String>,
    source: String,
    verified: bool,
    uploaded_at: String,
}

impl RecordPage {
    /// Reads a page, which was asked for by a URL that nothing can be added to if `signed`; `None` for what is none.
    pub(crate) fn parse(body: &str, signed: bool) -> Option<Self> {
        let PageText { uploads, next } = serde_json::from_str(body).ok()?;
        let records = uploads.into_iter().map(RecordText::record).collect::<Option<_>>()?;
        Some(Self { records, truncated: signed && next.is_some(), next: next.filter(|_| !signed) })
    }
}

impl RecordText {
    fn record(self) -> Option<UploadRecord> {
        let source = match self.source.as_str() {
            "callback" => RecordSource::Callback,
            "client" => RecordSource::App,
            "listing" => RecordSource::Listing,
            _ => RecordSource::Other,
        };
        Some(UploadRecord {
            id: self.id,
            bucket: self.bucket,
            key: self.object,
            etag: self.etag,
            size: self.size,
            identity: self.identity,
            vars: self.vars,
            source,
            verified: self.verified,
            uploaded_at: timefmt::parse_iso8601(&self.uploaded_at)?,
        })
    }
}

/// Where the records under `prefix` behind `cursor` are asked for, beside the token route; and whether the URL is signed, so that
/// it must stay as it is. The query of the token URL comes along: it may say who asks.
pub(crate) fn url_of(token: &Url, prefix: &str, cursor: Option<&str>) -> (Url, bool) {
    let mut url = token.clone();
    url.set_fragment(None);
    let path = token.path().trim_end_matches('/');
    let known = TOKEN_ROUTES.iter().find_map(|route| path.strip_suffix(route));
    let base = match known {
        Some(base) => base,
        None if token.path().ends_with('/') => path,
        // A token route of its own: what lies beside it.
        None => path.rsplit_once('/').map_or("", |(folder, _)| folder),
    };
    url.set_path(&format!("{base}/{ROUTE}"));
    let signed = token.query_pairs().any(|(name, _)| name == SIGNATURE);
    if !signed {
        let mut query = url.query_pairs_mut();
        query.append_pair("limit", PAGE);
        if !prefix.is_empty() {
            query.append_pair("prefix", prefix);
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
    }
    (url, signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_asked_for_beside_the_token_with_the_same_query() {
        for (token, asked) in [
            ("http://h:1/", "http://h:1/v1/uploads?limit=100&prefix=a%2F"),
            ("http://h:1", "http://h:1/v1/uploads?limit=100&prefix=a%2F"),
            ("http://h/sts", "http://h/v1/uploads?limit=100&prefix=a%2F"),
            ("https://h/app/sts/getsts?key=k%20#x", "https://h/app/v1/uploads?key=k%20&limit=100&prefix=a%2F"),
            ("https://h/sts?grant=read", "https://h/v1/uploads?grant=read&limit=100&prefix=a%2F"),
            ("https://h/app/v1/token", "https://h/app/v1/uploads?limit=100&prefix=a%2F"),
            ("https://h/app/", "https://h/app/v1/uploads?limit=100&prefix=a%2F"),
            ("https://h/api/token.php", "https://h/api/v1/uploads?limit=100&prefix=a%2F"),
            // Nothing may be added to what is signed.
            ("http://h/sts?dt-user=a&dt-signature=0", "http://h/v1/uploads?dt-user=a&dt-signature=0"),
        ] {
            assert_eq!(url_of(&Url::parse(token).unwrap(), "a/", None).0.as_str(), asked, "{token}");
        }
        let (url, _) = url_of(&Url::parse("http://h/").unwrap(), "", Some("c+"));
        assert_eq!(url.as_str(), "http://h/v1/uploads?limit=100&cursor=c%2B");
    }

    #[test]
    fn a_page_is_read_and_what_is_none_is_told_apart() {
        let record = r#"{"Id":"0","Bucket":"b","Object":"照/1","ETag":"AB","Size":5,"Source":"SOURCE","Verified":true,
            "UploadedAt":"2017-12-12T07:49:09.250Z","Later":1}"#;
        for (word, source) in [
            ("callback", RecordSource::Callback),
            ("client", RecordSource::App),
            ("listing", RecordSource::Listing),
            ("oracle", RecordSource::Other),
        ] {
            let text = format!(r#"{{"Uploads":[{}],"Next":"n"}}"#, record.replace("SOURCE", word));
            let page = RecordPage::parse(&text, false).unwrap();
            assert_eq!((page.records[0].source, page.next.as_deref(), page.truncated), (source, Some("n"), false));
            let page = RecordPage::parse(&text, true).unwrap();
            assert_eq!((page.next, page.truncated), (None, true), "a signed URL goes no further");
        }
        assert_eq!(RecordPage::parse(r#"{"Uploads":[]}"#, false), Some(RecordPage::default()));
        for none in ["", "<html>", "{}", r#"{"StatusCode":200,"AccessKeyId":"a"}"#, r#"{"Uploads":[{}]}"#] {
            assert_eq!(RecordPage::parse(none, false), None, "{none}");
        }
    }
}
