//! How a bucket shows its pictures: what stands between a key and the style in its URL, and whether strangers see the sources
//! (`img-and-ram.md` §1.1, §1.7). The document is that of the Java SDK's PutBucketImage.

use shared::error::OssError;

use super::fault::malformed;
use super::tree::{Node, Part};
use crate::xml::Xml;

/// What can be a delimiter; commas and bars only part them.
const DELIMITERS: &str = "-_/!";

/// The endings of the keys that are pictures.
const ENDINGS: [&str; 9] = ["jpg", "jpeg", "png", "bmp", "gif", "webp", "tiff", "heic", "avif"];

/// The `Channel` of a bucket. By default there are no delimiters, and everything is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// `OrigPicForbidden`: strangers get pictures by a style alone, neither as they are nor by actions of their own.
    pub forbids_source: bool,
    /// `UseStyleOnly`: strangers may not name actions of their own.
    pub styles_only: bool,
    /// `StyleDelimiters`: each of these characters may stand between a key and a style.
    pub delimiters: String,
    /// `Default404Pic`, stored and returned.
    pub missing_picture: String,
    /// `AutoSetContentType`, `UseSrcFormat` and `SetAttachName`, stored and returned.
    pub stored: [bool; 3],
}

const STORED: [&str; 3] = ["AutoSetContentType", "UseSrcFormat", "SetAttachName"];

impl Channel {
    /// Reads a `Channel`.
    ///
    /// # Errors
    /// `MalformedXML`: also for delimiters other than `-`, `_`, `/` and `!`.
    pub fn parse(xml: &str) -> Result<Self, OssError> {
        let root = Node::parse(xml, "Channel")?;
        let texts = ["Name", "Status", "OrigPicForbidden", "UseStyleOnly", "StyleDelimiters", "Default404Pic"];
        root.check(&texts.into_iter().chain(STORED).map(|name| (name, Part::Text)).collect::<Vec<_>>())?;
        let delimiters: String =
            root.value("StyleDelimiters").unwrap_or_default().chars().filter(|c| !",| ".contains(*c)).collect();
        if delimiters.chars().any(|c| !DELIMITERS.contains(c)) {
            return Err(malformed(format!("StyleDelimiters holds other characters than {DELIMITERS}")));
        }
        let mut stored = [false; 3];
        for (flag, name) in stored.iter_mut().zip(STORED) {
            *flag = root.flag(name)?.unwrap_or(false);
        }
        Ok(Self {
            forbids_source: root.flag("OrigPicForbidden")?.unwrap_or(false),
            styles_only: root.flag("UseStyleOnly")?.unwrap_or(false),
            delimiters,
            missing_picture: root.value("Default404Pic").unwrap_or_default().to_owned(),
            stored,
        })
    }

    /// What GET returns; flags as the Java SDK reads them.
    pub fn to_xml(&self) -> String {
        let word = |flag: bool| if flag { "True" } else { "False" };
        let mut xml = Xml::new("Channel");
        xml.leaf("Status", "Enabled")
            .leaf("OrigPicForbidden", word(self.forbids_source))
            .leaf("UseStyleOnly", word(self.styles_only))
            .leaf("StyleDelimiters", &self.delimiters)
            .leaf("Default404Pic", &self.missing_picture);
        for (flag, name) in self.stored.iter().zip(STORED) {
            xml.leaf(name, word(*flag));
        }
        xml.finish()
    }

    /// `photo.jpg!small` parted at its last delimiter: a key, and the name of a style.
    pub fn part<'a>(&self, key: &'a str) -> Option<(&'a str, &'a str)> {
        let (object, style) = key.rsplit_once(|c| self.delimiters.contains(c))?;
        (!object.is_empty() && !style.is_empty()).then_some((object, style))
    }

    /// Whether a stranger may read `key` by this process, or without one.
    pub fn shows(&self, key: &str, process: Option<&str>) -> bool {
        let ending = key.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        let picture = ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
        match process {
            Some(process) if process.starts_with("style/") => true,
            Some(_) => !(self.styles_only || self.forbids_source && picture),
            None => !(self.forbids_source && picture),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_says_who_sees_what() {
        let text = "<Channel><OrigPicForbidden>true</OrigPicForbidden><StyleDelimiters>!,-</StyleDelimiters></Channel>";
        let channel = Channel::parse(text).unwrap();
        assert_eq!(Channel::parse(&channel.to_xml()).unwrap(), channel);
        assert_eq!(channel.part("a/b-c.jpg!small"), Some(("a/b-c.jpg", "small")));
        assert_eq!((channel.part("plain.jpg"), channel.part("!small"), channel.part("a!")), (None, None, None));
        let shown = [("a.jpg", Some("style/s")), ("a.txt", None), ("a.txt", Some("image/info"))];
        let hidden = [("a.JPG", None), ("a.jpg", Some("image/resize,w_1"))];
        assert!(shown.iter().all(|(key, process)| channel.shows(key, *process)));
        assert!(!hidden.iter().any(|(key, process)| channel.shows(key, *process)));
        assert!(Channel::default().shows("a.jpg", None) && Channel::default().part("a!b").is_none());
        assert!(Channel::parse("<Channel><StyleDelimiters>#</StyleDelimiters></Channel>").is_err());
    }
}
