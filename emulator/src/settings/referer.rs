//! Hotlink protection: which `Referer` a bucket admits.
//!
//! OSS asks it of anonymous requests and of presigned URLs alone; a request signed in its header passes. The order of the
//! checks, the prefix matching and the limit of 20 KB are those of its user guide on Referer lists.

use shared::error::{OssCode, OssError};
use shared::ram::Pattern;
use shared::ram::pattern::Case;

use super::fault::malformed;
use super::tree::{Node, Part};
use crate::xml::Xml;

/// Both lists together, in bytes.
const MAX_BYTES: usize = 20 * 1024;

/// The Referer lists of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referers {
    /// Whether a request without `Referer` is admitted though there is a list.
    pub allow_empty: bool,
    /// Whether the query of the Referer is cut off before it is matched.
    pub truncate_query: bool,
    /// Whether the path and all after it is cut off before it is matched.
    pub truncate_path: bool,
    /// What is admitted; everything when empty.
    pub list: Vec<String>,
    /// What is denied, whatever the list says.
    pub blacklist: Vec<String>,
}

/// Of a bucket that has none: everybody is admitted.
impl Default for Referers {
    fn default() -> Self {
        Self { allow_empty: true, truncate_query: true, truncate_path: false, list: Vec::new(), blacklist: Vec::new() }
    }
}

impl Referers {
    /// Reads a `RefererConfiguration`.
    ///
    /// # Errors
    /// `MalformedXML` (EC 0033-00000005 without a RefererList), `InlineDataTooLarge` beyond 20 KB.
    pub fn parse(xml: &str) -> Result<Self, OssError> {
        let root = Node::parse(xml, "RefererConfiguration")?;
        root.check(&[
            ("AllowEmptyReferer", Part::Text),
            ("AllowTruncateQueryString", Part::Text),
            ("TruncatePath", Part::Text),
            ("RefererList", Part::Node),
            ("RefererBlacklist", Part::Node),
        ])?;
        let list = root.child("RefererList").ok_or_else(|| malformed("there is no RefererList").ec("0033-00000005"))?;
        let referers = |node: &Node| -> Result<Vec<String>, OssError> {
            node.check(&[("Referer", Part::Texts)])?;
            Ok(node.values("Referer").iter().map(|r| r.trim().to_owned()).filter(|r| !r.is_empty()).collect())
        };
        let (list, blacklist) =
            (referers(list)?, root.child("RefererBlacklist").map(referers).transpose()?.unwrap_or_default());
        if list.iter().chain(&blacklist).map(String::len).sum::<usize>() > MAX_BYTES {
            let message = "The Referer lists together are longer than 20 KB; use wildcards to say it shorter.";
            return Err(OssError::new(OssCode::InlineDataTooLarge, message));
        }
        let default = Self::default();
        Ok(Self {
            allow_empty: root
                .flag("AllowEmptyReferer")?
                .ok_or_else(|| malformed("RefererConfiguration has no AllowEmptyReferer"))?,
            truncate_query: root.flag("AllowTruncateQueryString")?.unwrap_or(default.truncate_query),
            truncate_path: root.flag("TruncatePath")?.unwrap_or(default.truncate_path),
            list,
            blacklist,
        })
    }

    /// What GetBucketReferer returns.
    pub fn to_xml(&self) -> String {
        let mut xml = Xml::new("RefererConfiguration");
        xml.leaf("AllowEmptyReferer", self.allow_empty)
            .leaf("AllowTruncateQueryString", self.truncate_query)
            .leaf("TruncatePath", self.truncate_path)
            .open("RefererList");
        self.list.iter().for_each(|referer| {
            xml.leaf("Referer", referer);
        });
        xml.close();
        if !self.blacklist.is_empty() {
            xml.open("RefererBlacklist");
            self.blacklist.iter().for_each(|referer| {
                xml.leaf("Referer", referer);
            });
            xml.close();
        }
        xml.finish()
    }

    /// Admits a request with this `Referer`, or denies it. An empty one counts as none.
    ///
    /// # Errors
    /// 403 `AccessDenied` with EC 0003-00000501 (none given), -502 (in the blacklist), -503 (not in the list).
    pub fn admit(&self, referer: Option<&str>) -> Result<(), OssError> {
        let denied = |ec| Err(OssError::new(OssCode::AccessDenied, "You are denied by bucket referer policy.").ec(ec));
        let Some(referer) = referer.map(str::trim).filter(|referer| !referer.is_empty()) else {
            return if self.allow_empty || self.list.is_empty() { Ok(()) } else { denied("0003-00000501") };
        };
        let referer = self.truncated(referer);
        let listed = |list: &[String]| list.iter().any(|pattern| matches(pattern, referer));
        if listed(&self.blacklist) {
            return denied("0003-00000502");
        }
        if self.list.is_empty() || listed(&self.list) { Ok(()) } else { denied("0003-00000503") }
    }

    fn truncated<'a>(&self, referer: &'a str) -> &'a str {
        let mut end = referer.len();
        if self.truncate_path {
            let authority = referer.find("://").map_or(0, |at| at + 3);
            let path = referer.get(authority..).and_then(|rest| rest.find(['/', '?', '#']));
            end = path.map_or(end, |at| authority + at);
        } else if self.truncate_query {
            end = referer.find('?').unwrap_or(end);
        }
        referer.get(..end).unwrap_or(referer)
    }
}

/// A pattern stands for everything that begins so; letter case is ignored, as OSS does in the query.
fn matches(pattern: &str, referer: &str) -> bool {
    Pattern::new(&format!("{pattern}*"), Case::Insensitive).matches(referer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn referers(allow_empty: bool, list: &[&str], blacklist: &[&str]) -> Referers {
        let owned = |list: &[&str]| list.iter().map(|r| (*r).to_owned()).collect();
        Referers { allow_empty, list: owned(list), blacklist: owned(blacklist), ..Referers::default() }
    }

    #[test]
    fn lists_are_asked_in_the_order_of_the_guide() {
        let trusted = referers(false, &["http://www.aliyun.com", "*.example.com", "https://a?.com:80"], &[]);
        let banned = referers(true, &["*"], &["http://bad", "*evil.example"]);
        let only_black = referers(false, &[], &["http://bad"]);
        let (none, black, unlisted) = (Some("0003-00000501"), Some("0003-00000502"), Some("0003-00000503"));
        for (config, referer, expected) in [
            (&trusted, None, none),
            (&trusted, Some(""), none),
            (&trusted, Some("http://www.aliyun.com"), None),
            (&trusted, Some("http://www.aliyun.com/123?x=y"), None),
            (&trusted, Some("http://www.aliyun.com.cn"), None),
            (&trusted, Some("https://www.aliyun.com/"), unlisted),
            (&trusted, Some("www.aliyun.com"), unlisted),
            (&trusted, Some("https://help.example.com/a"), None),
            (&trusted, Some("https://ab.com:80/"), None),
            (&trusted, Some("https://a.com:80/"), unlisted),
            (&trusted, Some("http://other.com/?r=.example.com"), unlisted),
            (&banned, None, None),
            (&banned, Some("http://bad.com/"), black),
            (&banned, Some("http://www.evil.example/x"), black),
            (&banned, Some("http://good.com"), None),
            (&only_black, None, None),
            (&only_black, Some("http://bad.com"), black),
            (&only_black, Some("http://good.com"), None),
            (&Referers::default(), Some("http://anything"), None),
        ] {
            let found = config.admit(referer).map_err(|error| error.ec.unwrap_or_default()).err();
            assert_eq!(found.as_deref(), expected, "{referer:?} of {config:?}");
        }
    }

    #[test]
    fn truncation_comes_before_matching() {
        let mut config = referers(false, &["http://a.com/?job=ONE"], &[]);
        assert!(config.admit(Some("http://a.com/?job=one")).is_err(), "the query is cut off");
        config.truncate_query = false;
        assert!(config.admit(Some("http://a.com/?job=one")).is_ok(), "letter case of a query does not count");
        assert!(config.admit(Some("http://a.com/?a=b&job=one")).is_err(), "a query is not taken apart");
        config = referers(true, &["*"], &["*secret"]);
        assert!(config.admit(Some("http://a.com/secret")).is_err());
        config.truncate_path = true;
        assert!(config.admit(Some("http://a.com/secret")).is_ok());
    }

    #[test]
    fn limits_are_kept() {
        let xml = |inside: &str| format!("<RefererConfiguration>{inside}</RefererConfiguration>");
        let empty = "<AllowEmptyReferer>True</AllowEmptyReferer>";
        let long = format!("{empty}<RefererList><Referer>{}</Referer></RefererList>", "x".repeat(MAX_BYTES + 1));
        for (inside, code, ec) in [
            (empty, OssCode::MalformedXML, Some("0033-00000005")),
            ("<RefererList/>", OssCode::MalformedXML, None),
            ("<AllowEmptyReferer>32</AllowEmptyReferer><RefererList/>", OssCode::MalformedXML, None),
            (&long, OssCode::InlineDataTooLarge, None),
        ] {
            let error = Referers::parse(&xml(inside)).unwrap_err();
            assert_eq!((error.code, error.ec.as_deref()), (code, ec));
        }
    }
}
