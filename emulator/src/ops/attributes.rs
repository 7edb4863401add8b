//! What the headers of an upload say of its object: what comes back with it, ACL, class, tags, encryption.

use axum::body::Body;
use axum::http::Response;
use shared::error::{OssCode, OssError};
use shared::sign::Request;

use super::settings::public_blocked;
use crate::operation::invalid_argument;
use crate::reply;
use crate::rules::blocks_public_access;
use crate::settings::acl::Acl;
use crate::settings::encryption::Encryption;
use crate::settings::storage_class::StorageClass;
use crate::settings::tagging;
use crate::store::{Attributes, BucketRecord};

/// Headers of an upload that come back with the object.
const STORED: &[&str] =
    &["content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires"];
const KEY_ID: &str = "x-oss-server-side-encryption-key-id";
/// By what the data is encrypted whose key KMS keeps.
const DATA_ENCRYPTION: &str = "x-oss-server-side-data-encryption";
/// The most bytes of user metadata, names and values together (OSS, PutObject).
const MAX_META: usize = 8 * 1024;

/// Reads them all; what is absent is as the bucket has it.
///
/// # Errors
/// 400 for values that OSS does not know, and for user metadata that is too large.
pub fn read(request: &Request, bucket: &BucketRecord) -> Result<Attributes, OssError> {
    let rule = bucket_rule(bucket);
    let encryption = encryption(request)?.or_else(|| rule.as_ref().map(|rule| rule.algorithm.clone()));
    let mut headers = stored_headers(request)?;
    if encryption.as_deref() == Some("KMS") {
        name_key(&mut headers, rule.as_ref());
    }
    Ok(Attributes {
        headers,
        acl: object_acl(request, bucket)?.unwrap_or(Acl::Default),
        storage_class: storage_class(request)?.unwrap_or(bucket.storage_class),
        tags: tagging::parse_header(request.header("x-oss-tagging").unwrap_or_default())?,
        encryption,
    })
}

/// Whether a header of an upload comes back with its object.
pub fn is_stored(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    STORED.contains(&name.as_str()) || name == KEY_ID || name == DATA_ENCRYPTION || name.starts_with("x-oss-meta-")
}

/// The headers of `request` that its object will have.
///
/// # Errors
/// 400 when the user metadata is too large.
pub fn stored_headers(request: &Request) -> Result<Vec<(String, String)>, OssError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in request.headers.iter().filter(|(name, _)| is_stored(name)) {
        let name = name.to_ascii_lowercase();
        match headers.iter_mut().find(|(known, _)| *known == name) {
            // One that is repeated is kept as it was signed.
            Some((_, whole)) => *whole = format!("{whole},{value}"),
            None => headers.push((name, value.clone())),
        }
    }
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), "application/octet-stream".to_owned()));
    }
    let meta = headers.iter().filter(|(name, _)| name.starts_with("x-oss-meta-"));
    if meta.map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_META {
        let message = "Your metadata headers exceed the maximum allowed metadata size.";
        return Err(OssError::new(OssCode::InvalidArgument, message));
    }
    Ok(headers)
}

/// `x-oss-object-acl`.
///
/// # Errors
/// 400 for an ACL that OSS does not have; 403 for a public one where Block Public Access forbids it.
pub fn object_acl(request: &Request, bucket: &BucketRecord) -> Result<Option<Acl>, OssError> {
    let acl = request.header("x-oss-object-acl").map(Acl::of_object).transpose()?;
    if acl.is_some_and(Acl::is_public) && blocks_public_access(bucket) {
        return Err(public_blocked("object acl").ec("0016-00000901"));
    }
    Ok(acl)
}

/// `x-oss-storage-class`.
///
/// # Errors
/// 400 for a class that OSS does not have.
pub fn storage_class(request: &Request) -> Result<Option<StorageClass>, OssError> {
    request.header("x-oss-storage-class").map(StorageClass::parse).transpose()
}

fn encryption(request: &Request) -> Result<Option<String>, OssError> {
    let name = "x-oss-server-side-encryption";
    match request.header(name) {
        None => Ok(None),
        Some(text @ ("AES256" | "KMS" | "SM4")) => Ok(Some(text.to_owned())),
        Some(other) => Err(OssError::new(
            OssCode::InvalidEncryptionAlgorithmError,
            "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.",
        )
        .detail("ArgumentName", name)
        .detail("ArgumentValue", other)),
    }
}

/// The encryption that a new bucket is to have by default, from the headers that an object's is asked for with.
///
/// # Errors
/// 400 for an algorithm that OSS does not have.
pub fn default_rule(request: &Request) -> Result<Option<Encryption>, OssError> {
    let header = |name| request.header(name).map(str::to_owned);
    Ok(encryption(request)?.map(|algorithm| Encryption {
        algorithm,
        kms_key: header(KEY_ID),
        kms_data: header(DATA_ENCRYPTION),
    }))
}

fn bucket_rule(bucket: &BucketRecord) -> Option<Encryption> {
    Encryption::parse(bucket.settings.get("encryption")?).ok()
}

/// The key that KMS would choose where none is named.
const DEFAULT_KEY: &str = "00000000-0000-4000-8000-000000000001";

/// Of an object that KMS keeps the key of, the key's id stands among its headers.
fn name_key(headers: &mut Vec<(String, String)>, rule: Option<&Encryption>) {
    if !headers.iter().any(|(name, _)| name == KEY_ID) {
        let key = rule.and_then(|rule| rule.kms_key.as_deref()).unwrap_or(DEFAULT_KEY);
        headers.push((KEY_ID.to_owned(), key.to_owned()));
    }
}

/// Tells the id of the key that KMS keeps for an object.
pub fn tell_key(response: &mut Response<Body>, attributes: &Attributes) {
    if let Some((name, key)) = attributes.headers.iter().find(|(name, _)| name == KEY_ID) {
        reply::set_named(response, name, key);
    }
}

/// `x-oss-forbid-overwrite`.
///
/// # Errors
/// 400 for anything but `true` and `false`.
pub fn forbids_overwrite(request: &Request) -> Result<bool, OssError> {
    let name = "x-oss-forbid-overwrite";
    match request.header(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(invalid_argument(name, other).ec("0017-00000279")),
    }
}

/// 409 `FileAlreadyExists`.
pub fn already_exists(key: &str) -> OssError {
    let message = "The object you specified already exists and can not be overwritten.";
    OssError::new(OssCode::FileAlreadyExists, message).ec("0026-00000002").detail("Key", key)
}
