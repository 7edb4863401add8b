//! What a callback says of its upload, and the `${…}` in its body that are replaced by it (`token-server.md` §5.1).

use std::collections::BTreeMap;

use shared::sign::encode;

/// One upload that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub object: String,
    /// The ETag without its quotes.
    pub etag: String,
    /// The whole object's size in bytes, also after a multipart upload.
    pub size: u64,
    /// The object's `Content-Type`.
    pub mime_type: String,
    /// CRC-64/XZ of the object.
    pub crc64: u64,
    /// base64 of the MD5, as in the answer's `Content-MD5`; none for CompleteMultipartUpload.
    pub content_md5: Option<String>,
    /// The client's address, without a port.
    pub client_ip: String,
    /// The upload's request id.
    pub request_id: String,
    /// `PutObject`, `PostObject` or `CompleteMultipartUpload`.
    pub operation: String,
    /// The id of the account or RAM user that uploads; none for an anonymous one.
    pub requester: Option<String>,
    /// What the object shows, when it is a picture and [`super::Plan::wants_image_info`].
    pub image: Option<ImageInfo>,
}

/// A picture's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInfo {
    /// Pixels, as stored.
    pub width: u32,
    /// Pixels, as stored.
    pub height: u32,
    /// `jpg`, `png`…: what `image/info` calls it.
    pub format: String,
}

/// How values stand in a callback's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyType {
    /// URL-encoded.
    Form,
    /// As JSON: texts bring their own quotes, what is empty is `null`.
    Json,
}

impl BodyType {
    /// The value of `Content-Type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
        }
    }
}

/// A body whose variables are not filled in yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Constant(String),
    Variable(String),
}

enum Value<'a> {
    Text(&'a str),
    Number(u64),
    Empty,
}

impl Template {
    /// Reads a `callbackBody`.
    ///
    /// # Errors
    /// What is wrong, in OSS's words: a dollar sign always begins `${name}`.
    pub fn parse(body: &str) -> Result<Self, &'static str> {
        let (mut pieces, mut rest) = (Vec::new(), body);
        while let Some((constant, variable)) = rest.split_once('$') {
            let variable = variable.strip_prefix('{').ok_or("Left brace must be adjacent to dollar sign.")?;
            let (name, after) = variable.split_once('}').ok_or("Right brace is missing.")?;
            pieces.push(Piece::Constant(constant.to_owned()));
            pieces.push(Piece::Variable(name.to_owned()));
            rest = after;
        }
        pieces.push(Piece::Constant(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// Whether it names any `imageInfo`.
    pub fn wants_image_info(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Variable(name) if name.starts_with("imageInfo.")))
    }

    /// The body as it is sent.
    pub fn fill(&self, facts: &Facts, custom: &BTreeMap<String, String>, body_type: BodyType) -> String {
        let mut body = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Constant(text) => body.push_str(text),
                Piece::Variable(name) => body.push_str(&written(&value(name, facts, custom), body_type)),
            }
        }
        body
    }
}

/// A variable that nobody knows is empty.
fn value<'a>(name: &str, facts: &'a Facts, custom: &'a BTreeMap<String, String>) -> Value<'a> {
    let optional = |text: Option<&'a str>| text.map_or(Value::Empty, Value::Text);
    match name {
        "bucket" => Value::Text(&facts.bucket),
        "object" => Value::Text(&facts.object),
        "etag" => Value::Text(&facts.etag),
        "size" => Value::Number(facts.size),
        "mimeType" => Value::Text(&facts.mime_type),
        "crc64" => Value::Number(facts.crc64),
        "contentMd5" => optional(facts.content_md5.as_deref()),
        "clientIp" => Value::Text(&facts.client_ip),
        "reqId" => Value::Text(&facts.request_id),
        "operation" => Value::Text(&facts.operation),
        "imageInfo.width" => facts.image.as_ref().map_or(Value::Empty, |image| Value::Number(image.width.into())),
        "imageInfo.height" => facts.image.as_ref().map_or(Value::Empty, |image| Value::Number(image.height.into())),
        "imageInfo.format" => optional(facts.image.as_ref().map(|image| image.format.as_str())),
        name => optional(custom.get(name).map(String::as_str)),
    }
}

fn written(value: &Value<'_>, body_type: BodyType) -> String {
    match (value, body_type) {
        (Value::Text(text), BodyType::Form) => encode(text),
        (Value::Text(text), BodyType::Json) => serde_json::Value::from(*text).to_string(),
        (Value::Number(number), _) => number.to_string(),
        (Value::Empty, BodyType::Form) => String::new(),
        (Value::Empty, BodyType::Json) => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::facts;
    use super::*;

    fn filled(template: &str, facts: &Facts, body_type: BodyType) -> String {
        let custom =
            [("x:note", "a \"b\"&=中"), ("x:empty", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        Template::parse(template).unwrap().fill(facts, &custom.into(), body_type)
    }

    #[test]
    fn every_variable_as_a_form_and_as_json() {
        let picture = facts();
        for (variable, form, json) in [
            ("bucket", "photos", r#""photos""#),
            ("object", "a%2F%E4%B8%AD%20%22.jpg", r#""a/中 \".jpg""#),
            ("etag", "D8E8FCA2DC0F896FD7CB4CB0031BA249", r#""D8E8FCA2DC0F896FD7CB4CB0031BA249""#),
            ("size", "5", "5"),
            ("mimeType", "image%2Fjpeg", r#""image/jpeg""#),
            ("crc64", "18446744073709551615", "18446744073709551615"),
            ("contentMd5", "2Oj8otwPiW%2FXy0ywAxuiSQ%3D%3D", r#""2Oj8otwPiW/Xy0ywAxuiSQ==""#),
            ("vpcId", "", "null"),
            ("clientIp", "127.0.0.1", r#""127.0.0.1""#),
            ("reqId", "5C3D9175B6FC201293AD4890", r#""5C3D9175B6FC201293AD4890""#),
            ("operation", "PutObject", r#""PutObject""#),
            ("imageInfo.width", "810", "810"),
            ("imageInfo.height", "539", "539"),
            ("imageInfo.format", "jpg", r#""jpg""#),
            ("x:note", "a%20%22b%22%26%3D%E4%B8%AD", r#""a \"b\"&=中""#),
            ("x:empty", "", r#""""#),
            ("x:absent", "", "null"),
            ("unknown", "", "null"),
        ] {
            let template = format!("<${{{variable}}}>");
            assert_eq!(filled(&template, &picture, BodyType::Form), format!("<{form}>"));
            assert_eq!(filled(&template, &picture, BodyType::Json), format!("<{json}>"));
        }
        let other = Facts { image: None, content_md5: None, ..picture };
        let template = "${imageInfo.width}|${imageInfo.height}|${imageInfo.format}|${contentMd5}";
        assert_eq!(filled(template, &other, BodyType::Form), "|||");
        assert_eq!(filled(template, &other, BodyType::Json), "null|null|null|null");
        // What is filled in is not looked at again.
        let hostile = Facts { object: "${size}".to_owned(), ..other };
        assert_eq!(filled("${object}", &hostile, BodyType::Json), r#""${size}""#);
    }

    #[test]
    fn constants_stay_as_they_are() {
        assert_eq!(filled("a={b}&c=%24", &facts(), BodyType::Form), "a={b}&c=%24");
        assert!(Template::parse("${imageInfo.width}").unwrap().wants_image_info());
        assert!(!Template::parse("imageInfo.width ${size}").unwrap().wants_image_info());
    }
}
