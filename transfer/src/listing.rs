//! What a bucket holds: objects and folders, page by page, and uploads that were begun and have not ended.

use percent_encoding::percent_decode_str;
use shared::timefmt;
use time::OffsetDateTime;

use crate::error::TransferError;
use crate::http::answer::unquoted;
use crate::http::{Call, Http};

/// The most objects that OSS lists in one answer.
const MAX_KEYS: u32 = 1000;

/// Some objects under a prefix, in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// Whether there are more.
    pub truncated: bool,
}

/// One object of a [`Listing`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedObject {
    /// The object key, decoded.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// When the object was written.
    pub last_modified: Option<OffsetDateTime>,
    /// `Normal`, `Multipart`…
    pub object_type: String,
}

/// What lies in one folder: its objects, and the folders below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderPage {
    /// Folders, each with its whole name up to a `/`.
    pub folders: Vec<String>,
    /// Objects.
    pub objects: Vec<ListedObject>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// A multipart upload that was begun and has not ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenUpload {
    /// The object key that it is for, decoded.
    pub key: String,
    /// Its id.
    pub upload_id: String,
    /// When it was begun.
    pub initiated: Option<OffsetDateTime>,
}

/// ListObjectsV2, as many answers as it takes to reach `max_keys` or the end.
pub(crate) async fn list(http: &Http, prefix: &str, max_keys: u32) -> Result<Listing, TransferError> {
    let mut listing = Listing { objects: Vec::new(), truncated: true };
    let mut continuation: Option<String> = None;
    while listing.truncated {
        let missing = max_keys.saturating_sub(u32::try_from(listing.objects.len()).unwrap_or(u32::MAX));
        if missing == 0 && max_keys > 0 {
            break;
        }
        let page = ask(http, prefix, None, continuation.take(), missing.clamp(1, MAX_KEYS)).await?;
        listing.objects.extend(page.objects);
        listing.truncated = page.truncated;
        continuation = page.next;
        // An answer that promises more but not where would be asked for again and again.
        if continuation.is_none() {
            break;
        }
    }
    Ok(listing)
}

/// ListObjectsV2 of one folder, one answer of at most 1000 entries that begins at `after`.
pub(crate) async fn folder(http: &Http, prefix: &str, after: Option<String>) -> Result<FolderPage, TransferError> {
    let Page { folders, objects, next, .. } = ask(http, prefix, Some("/"), after, MAX_KEYS).await?;
    Ok(FolderPage { folders, objects, next })
}

async fn ask(
    http: &Http,
    prefix: &str,
    delimiter: Option<&str>,
    continuation: Option<String>,
    max_keys: u32,
) -> Result<Page, TransferError> {
    let mut call = Call::new("ListObjectsV2", "GET", None)
        .param("list-type", "2")
        .param("encoding-type", "url")
        .param("max-keys", max_keys.to_string())
        .param("prefix", prefix);
    if let Some(delimiter) = delimiter {
        call = call.param("delimiter", delimiter);
    }
    if let Some(token) = continuation {
        call = call.param("continuation-token", token);
    }
    Ok(read_page(http.send_small(&call).await?.elements()))
}

/// ListMultipartUploads under a prefix: the first 1000.
pub(crate) async fn uploads(http: &Http, prefix: &str) -> Result<Vec<OpenUpload>, TransferError> {
    let call = Call::new("ListMultipartUploads", "GET", None)
        .param("uploads", "")
        .param("encoding-type", "url")
        .param("max-uploads", MAX_KEYS.to_string())
        .param("prefix", prefix);
    let mut uploads: Vec<OpenUpload> = Vec::new();
    let elements = http.send_small(&call).await?.elements();
    let encoded =
        elements.iter().any(|(path, text)| path == "ListMultipartUploadsResult/EncodingType" && text == "url");
    for (path, text) in elements {
        let Some(field) = path.strip_prefix("ListMultipartUploadsResult/Upload/") else { continue };
        match (field, uploads.last_mut()) {
            ("Key", _) => uploads.push(OpenUpload { key: decoded(text, encoded), ..OpenUpload::default() }),
            ("UploadId", Some(upload)) => upload.upload_id = text,
            ("Initiated", Some(upload)) => upload.initiated = timefmt::parse_iso8601(&text),
            _ => {}
        }
    }
    Ok(uploads)
}

fn decoded(text: String, encoded: bool) -> String {
    if encoded { percent_decode_str(&text).decode_utf8_lossy().into_owned() } else { text }
}

/// One answer to ListObjectsV2.
#[derive(Default)]
struct Page {
    folders: Vec<String>,
    objects: Vec<ListedObject>,
    truncated: bool,
    next: Option<String>,
}

/// Reads the leaf elements of a ListBucketResult; within each Contents the Key stands first.
fn read_page(elements: Vec<(String, String)>) -> Page {
    let mut page = Page::default();
    let encoded = elements.iter().any(|(path, text)| path == "ListBucketResult/EncodingType" && text == "url");
    for (path, text) in elements {
        match path.strip_prefix("ListBucketResult/").unwrap_or_default() {
            "IsTruncated" => page.truncated = text == "true",
            "NextContinuationToken" => page.next = Some(text).filter(|token| !token.is_empty()),
            "CommonPrefixes/Prefix" => page.folders.push(decoded(text, encoded)),
            "Contents/Key" => {
                page.objects.push(ListedObject { key: decoded(text, encoded), ..ListedObject::default() });
            }
            field => {
                if let Some(object) = page.objects.last_mut() {
                    match field {
                        "Contents/Size" => object.size = text.parse().unwrap_or(0),
                        "Contents/ETag" => object.etag = unquoted(&text),
                        "Contents/LastModified" => object.last_modified = timefmt::parse_iso8601(&text),
                        "Contents/Type" => object.object_type = text,
                        _ => {}
                    }
                }
            }
        }
    }
    page
}
