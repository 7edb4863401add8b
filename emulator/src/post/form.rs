//! An upload form up to its file: every field read within bounds, then the file's bytes left in the stream.

use std::future::poll_fn;

use bytes::Bytes;
use futures_util::Stream;
use shared::error::{OssCode, OssError};
use shared::sign::post_policy::{FormFields, Upload};

use super::file::{FileBytes, Reader};
use super::part::Part;
use super::scan::{After, Content};
use super::{MAX_PARTS, MAX_TOTAL, MAX_VALUE, malformed, one_file, too_long};

/// The most bytes before the first boundary, which mean nothing.
const MAX_PREAMBLE: usize = 16 << 10;
/// The longest boundary; RFC 2046 §5.1.1 allows 70 characters.
const MAX_BOUNDARY: usize = 200;

/// An upload form whose fields are read and whose file is yet to come.
#[derive(Debug)]
pub struct Form<S> {
    /// The fields before the file.
    pub fields: FormFields,
    /// The file's name as the browser sent it, perhaps with a path; `None` when it sent none.
    pub filename: Option<String>,
    /// The Content-Type of the file's part.
    pub content_type: Option<String>,
    /// The file.
    pub file: FileBytes<S>,
}

impl<S> Form<S> {
    /// What `${filename}` stands for: the name behind the last slash of either kind, empty when there is none.
    pub fn base_name(&self) -> &str {
        let name = self.filename.as_deref().unwrap_or_default();
        name.rsplit(['/', '\\']).next().unwrap_or(name)
    }

    /// The key that the object shall have, `${filename}` replaced. Whether it may be one is not checked here.
    ///
    /// # Errors
    /// 400 when the form has no `key` before its file, or an empty one.
    pub fn key(&self) -> Result<String, OssError> {
        let Some(key) = self.fields.get("key") else {
            let message = "The bucket POST must contain the specified 'key'. \
                           If it is specified, please check the order of the fields.";
            return Err(OssError::new(OssCode::InvalidArgument, message)
                .detail("ArgumentName", "key")
                .detail("ArgumentValue", ""));
        };
        let key = key.replace("${filename}", self.base_name());
        if key.is_empty() {
            return Err(OssError::new(OssCode::InvalidObjectName, "The Object name can not be empty."));
        }
        Ok(key)
    }

    /// The type that the object shall have: the field `x-oss-content-type`, else the file's part's, else the field
    /// `Content-Type`.
    pub fn object_type(&self) -> Option<&str> {
        let field = |name| self.fields.filled(name);
        field("x-oss-content-type").or(self.content_type.as_deref()).or_else(|| field("content-type"))
    }

    /// The upload as a policy judges it. `key` as [`Form::key`] gives it.
    pub fn upload<'a>(&'a self, bucket: &'a str, key: &'a str) -> Upload<'a> {
        Upload { bucket, key, filename: self.base_name(), content_type: self.object_type(), fields: &self.fields }
    }
}

/// The boundary that the Content-Type of a POST names.
///
/// # Errors
/// 405 without a Content-Type, 400 for one that is no form's or has no usable boundary.
pub fn boundary(content_type: Option<&str>) -> Result<String, OssError> {
    let Some(content_type) = content_type else {
        let message = "The specified method is not allowed against this resource.";
        return Err(OssError::new(OssCode::MethodNotAllowed, message)
            .detail("Method", "POST")
            .detail("ResourceType", "Bucket"));
    };
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        let message = "Bucket POST must be of the enclosure-type multipart/form-data.";
        return Err(OssError::new(OssCode::RequestIsNotMultiPartContent, message));
    }
    let named = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    };
    let usable = |boundary: &String| {
        (1..=MAX_BOUNDARY).contains(&boundary.len()) && boundary.bytes().all(|b| (b' '..=b'~').contains(&b))
    };
    parameters
        .split(';')
        .find_map(named)
        .filter(usable)
        .ok_or_else(|| malformed("0006-00000103", "The header Content-Type must name the form's boundary."))
}

/// Reads the fields of a form up to its file. `body` is the request's body, `boundary` as [`boundary`] gives it.
///
/// # Errors
/// 400 `MalformedPOSTRequest`, `FieldItemTooLong`, or `IncorrectNumberOfFilesInPOSTRequest` when no file comes; the
/// body's own errors.
pub async fn read_form<S, E>(body: S, boundary: &str) -> Result<Form<S>, OssError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<OssError>,
{
    let mut reader = Reader::new(body, boundary);
    // What precedes the first boundary.
    content(&mut reader, |length| match length {
        ..=MAX_PREAMBLE => Ok(()),
        _ => Err(malformed("0006-00000103", "The form's first boundary is missing.")),
    })
    .await?;
    let mut fields = FormFields::new();
    let mut total = 0usize;
    for _ in 0..MAX_PARTS {
        if !another(&mut reader).await? {
            return Err(one_file().ec("0006-00000107"));
        }
        let part = head(&mut reader).await?;
        if part.is_file() {
            let Part { filename, content_type, .. } = part;
            let file = FileBytes::new(reader, filename.is_none());
            return Ok(Form { fields, filename, content_type, file });
        }
        total += part.name.len();
        let room = MAX_TOTAL.saturating_sub(total);
        let value = content(&mut reader, |length| {
            if length > MAX_VALUE {
                Err(too_long("0006-00000111", MAX_VALUE))
            } else if length > room {
                Err(too_long("0006-00000112", MAX_TOTAL))
            } else {
                Ok(())
            }
        })
        .await?;
        total += value.len();
        let value = String::from_utf8(value)
            .map_err(|_| malformed("0006-00000103", "The value of a form field is not UTF-8."))?;
        fields.insert(&part.name, value);
    }
    Err(malformed("0006-00000103", "The form has too many fields."))
}

async fn feed<S, E>(reader: &mut Reader<S>) -> Result<(), OssError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<OssError>,
{
    poll_fn(|cx| reader.poll_feed(cx)).await
}

/// The whole content of a part; `check` is asked about its length before each piece is kept.
async fn content<S, E>(
    reader: &mut Reader<S>,
    check: impl Fn(usize) -> Result<(), OssError>,
) -> Result<Vec<u8>, OssError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<OssError>,
{
    let mut whole = Vec::new();
    loop {
        match reader.scanner.content()? {
            Content::Data(bytes) => {
                check(whole.len() + bytes.len())?;
                whole.extend_from_slice(&bytes);
            }
            Content::End => return Ok(whole),
            Content::More => feed(reader).await?,
        }
    }
}

/// Whether another part follows the delimiter just read.
async fn another<S, E>(reader: &mut Reader<S>) -> Result<bool, OssError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<OssError>,
{
    loop {
        match reader.scanner.after()? {
            After::Part => return Ok(true),
            After::Close => return Ok(false),
            After::More => feed(reader).await?,
        }
    }
}

async fn head<S, E>(reader: &mut Reader<S>) -> Result<Part, OssError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<OssError>,
{
    loop {
        match reader.scanner.head()? {
            Some(head) => return Part::parse(&head),
            None => feed(reader).await?,
        }
    }
}
