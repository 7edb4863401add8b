//! Image styles: many in a bucket, each under its name (`img-and-ram.md` §1.7).

use shared::error::{OssCode, OssError};
use shared::timefmt;
use time::OffsetDateTime;

use super::fault::{invalid, malformed};
use super::tree::{Node, Part};
use crate::xml::Xml;

/// Styles that a bucket may have (`img-and-ram.md` §1.5).
pub const MAX_STYLES: usize = 50;
const MAX_CONTENT: usize = 8 * 1024;

/// A processing string under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// 1 to 63 letters, digits, `_`, `-`, `.`.
    pub name: String,
    /// What `x-oss-process` would say: `image/resize,p_50`. OSS does not look into it when it is put.
    pub content: String,
    /// `image` unless something else was said.
    pub category: String,
    /// When it was first put.
    pub created: OffsetDateTime,
    /// When it was last put.
    pub modified: OffsetDateTime,
}

impl Style {
    /// The style of PutStyle: `name` and `category` of the query, the body, and the style that it replaces.
    ///
    /// # Errors
    /// `InvalidArgument` for the name and for a content that is empty, `MalformedXML`.
    pub fn put(
        name: &str,
        category: Option<&str>,
        xml: &str,
        replaced: Option<&Self>,
        now: OffsetDateTime,
    ) -> Result<Self, OssError> {
        check_name(name)?;
        let root = Node::parse(xml, "Style")?;
        root.check(&[("Content", Part::Text)])?;
        let content = root.word("Content").filter(|content| content.len() <= MAX_CONTENT).ok_or_else(|| {
            OssError::new(OssCode::InvalidArgument, "Style content is invalid.")
                .detail("ErrorDetail", format!("Content must not be empty nor longer than {MAX_CONTENT} bytes"))
        })?;
        Ok(Self {
            name: name.to_owned(),
            content: content.to_owned(),
            category: category.filter(|category| !category.is_empty()).unwrap_or("image").to_owned(),
            created: replaced.map_or(now, |style| style.created),
            modified: now,
        })
    }

    /// Reads what [`Style::to_xml`] wrote.
    ///
    /// # Errors
    /// `MalformedXML`.
    pub fn read(stored: &str) -> Result<Self, OssError> {
        let root = Node::parse(stored, "Style")?;
        let date = |name: &str| {
            let date = timefmt::parse_http_date(root.required(name)?);
            date.ok_or_else(|| malformed(format!("{name} is no date")))
        };
        Ok(Self {
            name: root.required("Name")?.to_owned(),
            content: root.required("Content")?.to_owned(),
            category: root.required("Category")?.to_owned(),
            created: date("CreateTime")?,
            modified: date("LastModifyTime")?,
        })
    }

    /// What GetStyle returns.
    pub fn to_xml(&self) -> String {
        let mut xml = Xml::new("Style");
        self.write(&mut xml);
        xml.finish()
    }

    fn write(&self, xml: &mut Xml) {
        xml.leaf("Name", &self.name)
            .leaf("Content", &self.content)
            .leaf("Category", &self.category)
            .leaf("CreateTime", timefmt::http_date(self.created))
            .leaf("LastModifyTime", timefmt::http_date(self.modified));
    }
}

/// What ListStyle returns; `styles` in the order of their names.
pub fn list_xml(styles: &[Style]) -> String {
    let mut xml = Xml::new("StyleList");
    for style in styles {
        xml.open("Style");
        style.write(&mut xml);
        xml.close();
    }
    xml.finish()
}

/// Checks a style's name.
///
/// # Errors
/// `InvalidArgument`.
pub fn check_name(name: &str) -> Result<(), OssError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (1..=63).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(invalid("styleName", name, "1 to 63 letters, digits, _, - and . are expected"))
}

/// 404, for a name that has no style.
pub fn missing() -> OssError {
    OssError::new(OssCode::NoSuchStyle, "The style you get is not found.")
}

/// 400, for one style more than [`MAX_STYLES`].
pub fn too_many() -> OssError {
    let message = format!("The bucket already has {MAX_STYLES} styles, which is the most.");
    OssError::new(OssCode::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_style_keeps_the_day_it_was_made() {
        let (first, second) = (datetime!(2020-05-20 12:07:15 UTC), datetime!(2020-05-21 12:07:15 UTC));
        let body = |content: &str| format!("<Style><Content>{content}</Content></Style>");
        let made = Style::put("imagestyle", None, &body("image/resize,p_50"), None, first).unwrap();
        let put = Style::put("imagestyle", Some("image"), &body("csdar5324"), Some(&made), second).unwrap();
        assert_eq!((put.created, put.modified, put.category.as_str()), (first, second, "image"));
        assert_eq!(Style::read(&put.to_xml()), Ok(put.clone()));
        assert!(put.to_xml().contains("<CreateTime>Wed, 20 May 2020 12:07:15 GMT</CreateTime>"));
        let list = Node::parse(&list_xml(&[made, put]), "StyleList").unwrap();
        assert_eq!(
            list.all("Style").map(|style| style.value("Content").unwrap()).collect::<Vec<_>>(),
            ["image/resize,p_50", "csdar5324"]
        );
    }

    #[test]
    fn names_and_contents_have_limits() {
        let (long, longer, now) = ("n".repeat(63), "n".repeat(64), OffsetDateTime::UNIX_EPOCH);
        for (name, content, fits) in [
            ("a", "x", true),
            ("A_b-c.9", "x", true),
            (&long, "x", true),
            (&longer, "x", false),
            ("", "x", false),
            ("@%$^&%", "x", false),
            ("中", "x", false),
            ("a", "", false),
            ("a", &"x".repeat(MAX_CONTENT + 1), false),
        ] {
            let put = Style::put(name, None, &format!("<Style><Content>{content}</Content></Style>"), None, now);
            assert_eq!(put.map_err(|error| error.code).err(), (!fits).then_some(OssCode::InvalidArgument), "{name}");
        }
    }
}
