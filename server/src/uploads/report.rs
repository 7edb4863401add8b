//! A report of an upload, checked before it is kept: the signature and the mark of a callback, the bucket's own word for both.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::object_key::Prefix;
use shared::secret::Secret;
use shared::sign::callback;

use super::bucket::{Bucket, BucketError, Seen};
use super::claims::{ClaimError, Claims};
use super::record::{Source, Upload, id_of};
use super::tag::{TAG_PARAMETER, Tag};
use super::{Kept, KeyRefusal, QueueError, Uploads};
use crate::sts_client::StsClient;

/// Why a report is not kept.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It does not come from OSS.
    #[error("the signature of the callback is not OSS's")]
    Signature,
    /// There is no key to check it with.
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    /// Its address is not one that this server made.
    #[error("the address of the callback lacks this server's mark: upload with the callback that the server vends")]
    Tag,
    /// It says nothing that can be kept.
    #[error(transparent)]
    Claims(#[from] ClaimError),
    /// It is about another bucket.
    #[error("the upload is in another bucket than this server's")]
    OtherBucket,
    /// It is about an object that the caller has nothing to do with.
    #[error("the object lies outside the prefix {0:?}")]
    Outside(String),
    /// There is no such object.
    #[error("the bucket has no such object")]
    Absent,
    /// The object is another.
    #[error("the bucket has another object there: ETag {etag}, {size} bytes")]
    Differs {
        /// The object's ETag.
        etag: String,
        /// Its size.
        size: u64,
    },
    /// The bucket could not be asked.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// This server is not told which bucket is its own, or where.
    #[error("the server does not know where its bucket is: it needs Bucket, and Region or OssEndpoint")]
    NoBucket,
    /// Neither database nor disk can take it.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// A callback as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Callback<'a> {
    /// The request line's target.
    pub target: &'a str,
    /// `Authorization`.
    pub signature: &'a str,
    /// `x-oss-pub-key-url`.
    pub key_url: &'a str,
    /// `Content-Type`.
    pub content_type: &'a str,
    /// `x-oss-bucket`.
    pub bucket: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// What a server knows of its bucket, to check reports with.
#[derive(Debug, Clone, Copy)]
pub struct Checks<'a> {
    /// The name of its bucket, if it is told.
    pub own: Option<&'a str>,
    /// The bucket, if it is told where that is.
    pub bucket: Option<&'a Bucket>,
    /// Gives the server its own right.
    pub sts: &'a StsClient,
    /// Marks the addresses of callbacks; with it, no other is accepted.
    pub secret: Option<&'a Secret>,
}

impl Uploads {
    /// Takes a callback of OSS. Its signature says that OSS sent it; what the body says was written by the uploader, so the
    /// bucket is asked too. If the bucket cannot be asked within the time there is, the upload is kept as not verified.
    ///
    /// # Errors
    /// [`ReportError`].
    pub async fn take_callback(&self, callback: Callback<'_>, checks: Checks<'_>) -> Result<Kept, ReportError> {
        let key_url = STANDARD.decode(callback.key_url).ok().and_then(|url| String::from_utf8(url).ok());
        let key = self.keys.at(&key_url.unwrap_or_default()).await?;
        if !key.verify(callback.signature, &callback::text(callback.target, callback.body)) {
            return Err(ReportError::Signature);
        }
        let tag = checks.secret.map(|secret| tag_of(callback.target, secret).ok_or(ReportError::Tag)).transpose()?;
        let mut claims = Claims::of_callback(callback.content_type, callback.body)?;
        if let Some(tag) = &tag
            && !claims.object.starts_with(&tag.prefix)
        {
            return Err(ReportError::Outside(tag.prefix.clone()));
        }
        let bucket = claims.bucket.take().or_else(|| callback.bucket.or(checks.own).map(str::to_owned));
        let bucket = bucket.ok_or(ReportError::NoBucket)?;
        if checks.own.is_some_and(|own| own != bucket) {
            return Err(ReportError::OtherBucket);
        }
        let seen = match checks.bucket {
            None => None,
            Some(own) => match own.head(checks.sts, &claims.object).await {
                Ok(Some(seen)) => Some(seen).filter(|seen| differs(&claims, seen).is_none()),
                Ok(None) => return Err(ReportError::Absent),
                Err(error) => {
                    tracing::warn!(%error, "an upload is kept as not verified");
                    None
                }
            },
        };
        Ok(self.keep(self.upload(bucket, claims, seen, tag.map(|tag| tag.identity), Source::Callback)).await?)
    }

    /// Takes the word of an app for an upload within `prefix`, after the bucket has confirmed it.
    ///
    /// # Errors
    /// [`ReportError`].
    pub async fn take_claims(
        &self,
        mut claims: Claims,
        identity: &str,
        prefix: Option<&Prefix>,
        checks: Checks<'_>,
    ) -> Result<Kept, ReportError> {
        claims.check()?;
        if let Some(prefix) = prefix.filter(|prefix| !prefix.covers(&claims.object)) {
            return Err(ReportError::Outside(prefix.to_string()));
        }
        let bucket = checks.bucket.ok_or(ReportError::NoBucket)?;
        if claims.bucket.as_deref().is_some_and(|claimed| claimed != bucket.name()) {
            return Err(ReportError::OtherBucket);
        }
        let seen = bucket.head(checks.sts, &claims.object).await?.ok_or(ReportError::Absent)?;
        if let Some(difference) = differs(&claims, &seen) {
            return Err(difference);
        }
        let name = bucket.name().to_owned();
        Ok(self.keep(self.upload(name, claims, Some(seen), Some(identity.to_owned()), Source::Client)).await?)
    }

    /// The record of what was claimed and what was seen; the latter counts.
    fn upload(
        &self,
        bucket: String,
        claims: Claims,
        seen: Option<Seen>,
        identity: Option<String>,
        source: Source,
    ) -> Upload {
        let verified = seen.is_some();
        let etag = seen.as_ref().map(|seen| seen.etag.clone()).or(claims.etag).unwrap_or_default();
        let modified = seen.as_ref().and_then(|seen| seen.modified);
        Upload {
            id: id_of(&bucket, &claims.object, &etag),
            bucket,
            object: claims.object,
            etag,
            size: seen.as_ref().map(|seen| seen.size).or(claims.size).unwrap_or(0),
            mime_type: seen.as_ref().and_then(|seen| seen.mime_type.clone()).or(claims.mime_type),
            crc64: seen.and_then(|seen| seen.crc64).or(claims.crc64),
            width: claims.width,
            height: claims.height,
            identity,
            vars: claims.vars,
            source,
            verified,
            request_id: claims.request_id,
            uploaded_at: modified.unwrap_or_else(|| self.clock.now()),
        }
    }
}

/// How the object is another than was claimed.
fn differs(claims: &Claims, seen: &Seen) -> Option<ReportError> {
    let same_etag = claims.etag.as_ref().is_none_or(|etag| *etag == seen.etag);
    let same_size = claims.size.is_none_or(|size| size == seen.size);
    (!same_etag || !same_size).then(|| ReportError::Differs { etag: seen.etag.clone(), size: seen.size })
}

/// This server's mark in the query of a callback's address.
fn tag_of(target: &str, secret: &Secret) -> Option<Tag> {
    let (_, query) = target.split_once('?')?;
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == TAG_PARAMETER);
    Tag::open(&values.next()?.1, secret)
}
