//! Tags of buckets and objects: one XML, two sets of limits; and the header that gives an object its tags.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use shared::error::{OssCode, OssError};

use super::fault::malformed;
use super::tree::{Node, Part, shortened};
use crate::xml::Xml;

const MAX_OBJECT_TAGS: usize = 10;
const MAX_BUCKET_TAGS: usize = 20;

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    /// Letter case counts.
    pub key: String,
    /// May be empty.
    pub value: String,
}

impl Tag {
    /// Reads a `Tag` element without asking for the limits.
    pub(super) fn read(node: &Node) -> Result<Self, OssError> {
        node.check(&[("Key", Part::Text), ("Value", Part::Text)])?;
        let key = node.value("Key").ok_or_else(|| malformed("a Tag has no Key"))?;
        Ok(Self { key: key.to_owned(), value: node.value("Value").unwrap_or_default().to_owned() })
    }

    /// Writes a `Tag` element.
    pub(super) fn write(&self, xml: &mut Xml) {
        xml.open("Tag").leaf("Key", &self.key).leaf("Value", &self.value).close();
    }
}

/// Reads the body of PutObjectTagging.
///
/// # Errors
/// `MalformedXML`, `InvalidTag`: ten tags at most, keys of 1 to 128 and values of 0 to 256 of the characters
/// `a-zA-Z0-9 +-=._:/` (EC 0010-00000209, -214, -217), no key twice (EC 0010-00000210).
pub fn parse_object(xml: &str) -> Result<Vec<Tag>, OssError> {
    check_object(read(xml)?)
}

/// Reads the body of PutBucketTags.
///
/// # Errors
/// `MalformedXML`, `InvalidTag`: twenty tags at most, keys of 1 to 64 and values of 0 to 128 bytes (EC 0010-00000219),
/// no key that begins with `http://`, `https://`, `Aliyun` (EC 0010-00000207) or `acs:` (EC 0010-00000002), none twice.
pub fn parse_bucket(xml: &str) -> Result<Vec<Tag>, OssError> {
    let tags = read(xml)?;
    for tag in &tags {
        let lower = tag.key.to_lowercase();
        if let Some(prefix) = ["http://", "https://", "aliyun"].iter().find(|prefix| lower.starts_with(**prefix)) {
            return Err(wrong(tag, &format!("a key must not begin with {prefix}")).ec("0010-00000207"));
        }
        if lower.starts_with("acs:") {
            return Err(wrong(tag, "a key must not begin with acs:").ec("0010-00000002"));
        }
        if !(1..=64).contains(&tag.key.len()) || tag.value.len() > 128 {
            return Err(wrong(tag, "a key has 1 to 64 bytes and a value 128 at most").ec("0010-00000219"));
        }
    }
    check_set(tags, MAX_BUCKET_TAGS)
}

/// Reads the header `x-oss-tagging`: `key=value&key`, percent-encoded; a plus sign stands for a space.
///
/// # Errors
/// As [`parse_object`]; EC 0010-00000219 for what is not of that form.
pub fn parse_header(text: &str) -> Result<Vec<Tag>, OssError> {
    let pieces = text.split('&').filter(|piece| !piece.is_empty());
    let tags = pieces.map(|piece| {
        let refused = || {
            let message = format!("The tagging {:?} is not key=value, percent-encoded.", shortened(piece));
            OssError::new(OssCode::InvalidTag, message).ec("0010-00000219")
        };
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8().map(|text| text.into_owned()).map_err(|_| refused())
        };
        let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
        if value.contains('=') {
            return Err(refused());
        }
        Ok(Tag { key: decode(key)?, value: decode(value)? })
    });
    check_object(tags.collect::<Result<_, _>>()?)
}

/// What GetBucketTags and GetObjectTagging return; without tags, too.
pub fn to_xml(tags: &[Tag]) -> String {
    let mut xml = Xml::new("Tagging");
    xml.open("TagSet");
    tags.iter().for_each(|tag| tag.write(&mut xml));
    xml.finish()
}

fn read(xml: &str) -> Result<Vec<Tag>, OssError> {
    let root = Node::parse(xml, "Tagging")?;
    root.check(&[("TagSet", Part::Node)])?;
    let set = root.child("TagSet").ok_or_else(|| malformed("Tagging has no TagSet"))?;
    set.check(&[("Tag", Part::Nodes)])?;
    set.all("Tag").map(Tag::read).collect()
}

fn check_object(tags: Vec<Tag>) -> Result<Vec<Tag>, OssError> {
    let allowed = |c: char| c.is_alphanumeric() || " +-=._:/".contains(c);
    for tag in &tags {
        if !tag.key.chars().chain(tag.value.chars()).all(allowed) {
            return Err(wrong(tag, "only letters, digits, spaces and +-=._:/ are allowed").ec("0010-00000217"));
        }
        if !(1..=128).contains(&tag.key.chars().count()) {
            return Err(wrong(tag, "a key has 1 to 128 characters").ec("0010-00000209"));
        }
        if tag.value.chars().count() > 256 {
            return Err(wrong(tag, "a value has 256 characters at most").ec("0010-00000214"));
        }
    }
    check_set(tags, MAX_OBJECT_TAGS)
}

fn check_set(tags: Vec<Tag>, most: usize) -> Result<Vec<Tag>, OssError> {
    if tags.len() > most {
        let message = format!("There are {} tags; {most} are allowed.", tags.len());
        return Err(OssError::new(OssCode::InvalidTag, message).ec("0010-00000217"));
    }
    for (index, tag) in tags.iter().enumerate() {
        if tags.iter().take(index).any(|earlier| earlier.key == tag.key) {
            return Err(wrong(tag, "the key is given twice").ec("0010-00000210"));
        }
    }
    Ok(tags)
}

fn wrong(tag: &Tag, why: &str) -> OssError {
    let message = format!("The tag {:?} is not valid: {why}.", shortened(&tag.key));
    OssError::new(OssCode::InvalidTag, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(tags: &[(&str, &str)]) -> String {
        let tag = |(key, value): &(&str, &str)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        format!("<Tagging><TagSet>{}</TagSet></Tagging>", tags.iter().map(tag).collect::<String>())
    }

    #[test]
    fn both_kinds_keep_their_limits() {
        let (k64, k65, k128, k129) = ("k".repeat(64), "k".repeat(65), "k".repeat(128), "k".repeat(129));
        let (v128, v129, v256, v257) = ("v".repeat(128), "v".repeat(129), "v".repeat(256), "v".repeat(257));
        let keys: Vec<String> = (0..21).map(|i| format!("k{i}")).collect();
        let many = |count: usize| keys.iter().take(count).map(|key| (key.as_str(), "")).collect::<Vec<_>>();
        type Case<'a> = (Vec<(&'a str, &'a str)>, Option<&'a str>, Option<&'a str>);
        let cases: Vec<Case<'_>> = vec![
            (vec![], None, None),
            (vec![("a b+-=._:/Z9", "")], None, None),
            (vec![(&k64, &v128)], None, None),
            (vec![(&k65, "")], None, Some("0010-00000219")),
            (vec![("k", &v129)], None, Some("0010-00000219")),
            (vec![(&k128, &v256)], None, Some("0010-00000219")),
            (vec![(&k129, "")], Some("0010-00000209"), Some("0010-00000219")),
            (vec![("k", &v257)], Some("0010-00000214"), Some("0010-00000219")),
            (vec![("", "v")], Some("0010-00000209"), Some("0010-00000219")),
            (vec![("中文", "照片")], None, None),
            (vec![("%@", "")], Some("0010-00000217"), None),
            (vec![("k", "#")], Some("0010-00000217"), None),
            (vec![("Aliyun-abc", "")], None, Some("0010-00000207")),
            (vec![("acs:abc", "")], None, Some("0010-00000002")),
            (vec![("k", "1"), ("K", "1"), ("k", "2")], Some("0010-00000210"), Some("0010-00000210")),
            (many(10), None, None),
            (many(11), Some("0010-00000217"), None),
            (many(20), Some("0010-00000217"), None),
            (many(21), Some("0010-00000217"), Some("0010-00000217")),
        ];
        for (tags, object, bucket) in cases {
            let text = xml(&tags);
            let ec = |read: Result<Vec<Tag>, OssError>| {
                let error = read.err()?;
                assert_eq!(error.code, OssCode::InvalidTag);
                error.ec
            };
            assert_eq!(ec(parse_object(&text)).as_deref(), object, "object: {text}");
            assert_eq!(ec(parse_bucket(&text)).as_deref(), bucket, "bucket: {text}");
        }
    }

    #[test]
    fn the_header_is_a_query() {
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        for (header, expected) in [
            ("", Ok(vec![])),
            ("a=b", Ok(vec![tag("a", "b")])),
            ("a=1&b&c=", Ok(vec![tag("a", "1"), tag("b", ""), tag("c", "")])),
            ("k%2Bk=a+b%3D", Ok(vec![tag("k+k", "a b=")])),
            ("aa=bb=cc", Err("0010-00000219")),
            ("=v", Err("0010-00000209")),
            ("k=%FF", Err("0010-00000219")),
            ("k=%E4%B8%AD", Ok(vec![tag("k", "中")])),
            ("k=%26", Err("0010-00000217")),
            ("a=1&a=2", Err("0010-00000210")),
        ] {
            let read = parse_header(header).map_err(|error| error.ec.unwrap_or_default());
            assert_eq!(read, expected.map_err(str::to_owned), "{header}");
        }
    }
}
