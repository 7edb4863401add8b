//! The head of one part of a form: its name, its file name, its type.

use shared::error::{OssCode, OssError};

use super::{MAX_NAME, malformed, too_long};

/// What the header lines of a part say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// `name` of Content-Disposition.
    pub(super) name: String,
    /// `filename` of Content-Disposition as the browser sent it. `filename*` is no part of forms (RFC 7578 §4.2).
    pub(super) filename: Option<String>,
    /// Content-Type.
    pub(super) content_type: Option<String>,
}

impl Part {
    /// Reads header lines.
    ///
    /// # Errors
    /// 400 when they are none, or name no field; 501 for a content that would have to be decoded.
    pub(super) fn parse(head: &[u8]) -> Result<Self, OssError> {
        let malformed = |reason| malformed("0006-00000103", reason);
        let text = std::str::from_utf8(head).map_err(|_| malformed("The header lines of a part are not UTF-8."))?;
        let (mut disposition, mut content_type) = (None, None);
        for line in text.split("\r\n") {
            let (name, value) =
                line.split_once(':').ok_or_else(|| malformed("A part has a header line without a colon."))?;
            match name.trim().to_ascii_lowercase().as_str() {
                "content-disposition" => disposition = Some(value.trim()),
                "content-type" => content_type = Some(value.trim().to_owned()).filter(|value| !value.is_empty()),
                "content-transfer-encoding" => check_encoding(value.trim())?,
                _ => {}
            }
        }
        let disposition = disposition.ok_or_else(|| malformed("A part has no Content-Disposition."))?;
        let (name, filename) = names(disposition)
            .ok_or_else(|| malformed("A part's Content-Disposition is not form-data with a name."))?;
        if name.len() > MAX_NAME {
            return Err(too_long("0006-00000110", MAX_NAME));
        }
        Ok(Self { name, filename, content_type })
    }

    /// Whether this part is the file.
    pub(super) fn is_file(&self) -> bool {
        self.name.eq_ignore_ascii_case("file")
    }
}

/// Stored as they come, encoded bytes would not be the file that was meant.
fn check_encoding(encoding: &str) -> Result<(), OssError> {
    if ["7bit", "8bit", "binary"].iter().any(|plain| encoding.eq_ignore_ascii_case(plain)) {
        return Ok(());
    }
    let message = format!("The Content-Transfer-Encoding {encoding:?} of a form's part is not implemented.");
    Err(OssError::new(OssCode::NotImplemented, message))
}

fn names(disposition: &str) -> Option<(String, Option<String>)> {
    let (kind, mut rest) = disposition.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let (mut name, mut filename) = (None, None);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        if rest.is_empty() {
            return Some((name?, filename));
        }
        let (parameter, after) = rest.split_once('=')?;
        let (value, left) = value(after.trim_start())?;
        match parameter.trim().to_ascii_lowercase().as_str() {
            "name" if name.is_none() => name = Some(value),
            "filename" if filename.is_none() => filename = Some(value),
            _ => {}
        }
        rest = left;
    }
}

/// A parameter's value, quoted or not, and what follows it. A backslash escapes only `"` and itself: old browsers send
/// whole paths.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, _) = text.split_once(';').unwrap_or((text, ""));
        return Some((token.trim_end().to_owned(), text.get(token.len()..)?));
    };
    let mut value = String::new();
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => return Some((value, rest.as_str())),
            '\\' if rest.as_str().starts_with(['"', '\\']) => value.extend(rest.next()),
            _ => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_and_libraries_send() {
        for (disposition, name, filename) in [
            (r#"form-data; name="file"; filename="a.jpg""#, "file", Some("a.jpg")),
            (r#"form-data; name="file""#, "file", None),
            (r#"form-data; name="file"; filename="""#, "file", Some("")),
            (r#"Form-Data;NAME=file;FileName=a.jpg"#, "file", Some("a.jpg")),
            (r#"form-data; filename="a; name=b.jpg"; name="file""#, "file", Some("a; name=b.jpg")),
            (r#"form-data; name="file"; filename="照片 🙂.jpg""#, "file", Some("照片 🙂.jpg")),
            (r#"form-data; name="file"; filename="C:\Users\me\a.jpg""#, "file", Some(r"C:\Users\me\a.jpg")),
            (r#"form-data; name="file"; filename="say \"hi\".jpg""#, "file", Some(r#"say "hi".jpg"#)),
            (r#"form-data; name="file"; filename="a%22b.jpg""#, "file", Some("a%22b.jpg")),
            (r#"form-data; name="file"; filename*=UTF-8''%E7%85%A7.jpg"#, "file", None),
            (r#"form-data; name="a"; name="b""#, "a", None),
        ] {
            let head = format!("X-Odd: 1\r\ncontent-disposition: {disposition}\r\nContent-Type: image/png");
            let part = Part::parse(head.as_bytes()).unwrap();
            assert_eq!((part.name.as_str(), part.filename.as_deref()), (name, filename), "{disposition}");
            assert_eq!(part.content_type.as_deref(), Some("image/png"));
        }
    }

    #[test]
    fn what_is_no_part() {
        let long = format!("Content-Disposition: form-data; name={}", "n".repeat(MAX_NAME + 1));
        for (head, code) in [
            ("", OssCode::MalformedPOSTRequest),
            ("Content-Type: text/plain", OssCode::MalformedPOSTRequest),
            ("Content-Disposition: form-data", OssCode::MalformedPOSTRequest),
            ("Content-Disposition: form-data; filename=a", OssCode::MalformedPOSTRequest),
            ("Content-Disposition: attachment; name=a", OssCode::MalformedPOSTRequest),
            ("Content-Disposition: form-data; name=\"a", OssCode::MalformedPOSTRequest),
            ("Content-Disposition form-data", OssCode::MalformedPOSTRequest),
            (long.as_str(), OssCode::FieldItemTooLong),
            ("Content-Disposition: form-data; name=file\r\nContent-Transfer-Encoding: base64", OssCode::NotImplemented),
        ] {
            assert_eq!(Part::parse(head.as_bytes()).unwrap_err().code, code, "{head:.80}");
        }
        assert_eq!(Part::parse(b"Content-Disposition: form-data; name=\"\xff\"").unwrap_err().status, 400);
    }
}
