//! Static website hosting: documents and routing rules. The rules are checked where OSS checks them, filled with OSS's
//! defaults and otherwise kept as they were put: mirroring alone has some forty elements.

use shared::error::{OssCode, OssError};

use super::fault::{invalid, malformed};
use super::tree::{Node, Part};

/// Routing rules that a bucket may have (PutBucketWebsite).
const MAX_RULES: usize = 20;
const REDIRECTS: [&str; 4] = ["Mirror", "External", "AliCDN", "Internal"];
/// EC of a value that does not fit (EC page 0019-00000002).
const BAD_VALUE: &str = "0019-00000002";

/// The website of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Website {
    /// The whole configuration, normalised.
    tree: Node,
}

impl Website {
    /// Reads a `WebsiteConfiguration`; an empty document element counts as none.
    ///
    /// # Errors
    /// `MalformedXML`, `InvalidArgument` (EC 0019-00000002): also for a Mirror rule on another status than 404;
    /// `NotImplemented` for `MirrorAuth`.
    pub fn parse(xml: &str) -> Result<Self, OssError> {
        let mut tree = Node::parse(xml, "WebsiteConfiguration")?;
        tree.check(&[("IndexDocument", Part::Node), ("ErrorDocument", Part::Node), ("RoutingRules", Part::Node)])?;
        tree.children_mut().retain(|child| !child.is_blank());
        if tree.children_mut().is_empty() {
            return Err(malformed("there is neither an IndexDocument, nor an ErrorDocument, nor a RoutingRule"));
        }
        if let Some(index) = tree.child_mut("IndexDocument") {
            check_index(index)?;
        }
        if let Some(error) = tree.child_mut("ErrorDocument") {
            check_error(error)?;
        }
        if let Some(rules) = tree.child_mut("RoutingRules") {
            rules.check(&[("RoutingRule", Part::Nodes)])?;
            let rules = rules.children_mut();
            if rules.len() > MAX_RULES {
                let why = format!("a bucket has {MAX_RULES} rules at most");
                return Err(refused("RoutingRule", &rules.len().to_string(), &why));
            }
            rules.iter_mut().try_for_each(check_rule)?;
        }
        Ok(Self { tree })
    }

    /// What GetBucketWebsite returns.
    pub fn to_xml(&self) -> String {
        self.tree.to_xml()
    }
}

/// 404, for a bucket that is no website.
pub fn missing() -> OssError {
    let message = "The specified bucket does not have a website configuration.";
    OssError::new(OssCode::NoSuchWebsiteConfiguration, message)
}

fn check_index(index: &mut Node) -> Result<(), OssError> {
    index.check(&[("Suffix", Part::Text), ("SupportSubDir", Part::Text), ("Type", Part::Text)])?;
    let suffix = index.required("Suffix")?;
    if suffix.contains('/') {
        return Err(refused("Suffix", suffix, "it must not contain a slash"));
    }
    index.number("Type", 0, 2).map_err(|error| error.ec(BAD_VALUE))?;
    set_flag(index, "SupportSubDir", None)
}

fn check_error(error: &mut Node) -> Result<(), OssError> {
    error.check(&[("Key", Part::Text), ("HttpStatus", Part::Text)])?;
    error.required("Key")?;
    match error.word("HttpStatus") {
        None | Some("404" | "200") => Ok(()),
        Some(other) => Err(refused("HttpStatus", other, "404 or 200 is expected")),
    }
}

fn check_rule(rule: &mut Node) -> Result<(), OssError> {
    rule.check(&[
        ("RuleNumber", Part::Text),
        ("Condition", Part::Node),
        ("Redirect", Part::Node),
        ("LuaConfig", Part::Node),
    ])?;
    let number = rule.number("RuleNumber", 1, u64::from(u32::MAX)).map_err(|error| error.ec(BAD_VALUE))?;
    if number.is_none() {
        return Err(malformed("a RoutingRule has no RuleNumber"));
    }
    let status = rule.child("Condition").and_then(|condition| condition.word("HttpErrorCodeReturnedEquals"));
    let status = status.unwrap_or_default().to_owned();
    let scripted = rule.child("LuaConfig").is_some();
    match rule.child_mut("Redirect") {
        Some(redirect) => check_redirect(redirect, &status),
        None if scripted => Ok(()),
        None => Err(malformed("a RoutingRule has no Redirect")),
    }
}

/// The credentials of a mirror's origin: they would be stored, and returned, as they are.
fn refuse_secrets(redirect: &Node) -> Result<(), OssError> {
    if redirect.child("MirrorAuth").is_none() {
        return Ok(());
    }
    let message = "MirrorAuth in Redirect is not implemented by this emulator: it keeps no credentials in settings.";
    Err(OssError::new(OssCode::NotImplemented, message))
}

/// `status` is the condition on HttpErrorCodeReturnedEquals; empty without one.
fn check_redirect(redirect: &mut Node, status: &str) -> Result<(), OssError> {
    refuse_secrets(redirect)?;
    let kind = redirect.word("RedirectType").unwrap_or("External").to_owned();
    if !REDIRECTS.contains(&kind.as_str()) {
        return Err(refused("RedirectType", &kind, &format!("one of {} is expected", REDIRECTS.join(", "))));
    }
    set(redirect, "RedirectType", &kind);
    if let Some(code) = redirect.word("HttpRedirectCode").filter(|code| !matches!(*code, "301" | "302" | "303" | "307"))
    {
        return Err(refused("HttpRedirectCode", code, "301, 302, 303 or 307 is expected"));
    }
    for name in ["EnableReplacePrefix", "MirrorSNI"] {
        set_flag(redirect, name, None)?;
    }
    if kind != "Mirror" {
        return set_flag(redirect, "PassQueryString", Some(false));
    }
    if status != "404" {
        return Err(refused("HttpErrorCodeReturnedEquals", status, "a Mirror rule is for 404 alone"));
    }
    let url = redirect.word("MirrorURL").unwrap_or_default();
    let elsewhere = redirect.child("MirrorMultiAlternates").is_some();
    let served = url.starts_with("http://") || url.starts_with("https://") || url.is_empty() && elsewhere;
    if !served {
        return Err(refused("MirrorURL", url, "it begins with http:// or https://"));
    }
    // For a mirror both names mean one thing, and MirrorPassQueryString wins.
    let pass = redirect.flag("MirrorPassQueryString")?.or(redirect.flag("PassQueryString")?).unwrap_or(false);
    for name in ["MirrorPassQueryString", "PassQueryString"] {
        set(redirect, name, if pass { "true" } else { "false" });
    }
    set_flag(redirect, "MirrorFollowRedirect", Some(true))?;
    set_flag(redirect, "MirrorCheckMd5", Some(false))?;
    set_flag(redirect, "MirrorPassOriginalSlashes", Some(false))?;
    match redirect.child_mut("MirrorHeaders") {
        Some(headers) => set_flag(headers, "PassAll", None),
        None => Ok(()),
    }
}

/// Writes a truth value in OSS's spelling: the one given, or the default, if any.
fn set_flag(node: &mut Node, name: &str, default: Option<bool>) -> Result<(), OssError> {
    if let Some(value) = node.flag(name)?.or(default) {
        set(node, name, if value { "true" } else { "false" });
    }
    Ok(())
}

fn set(node: &mut Node, name: &str, text: &str) {
    let leaf = Node::leaf(name, text);
    match node.child_mut(name) {
        Some(child) => *child = leaf,
        None => node.children_mut().push(leaf),
    }
}

fn refused(name: &str, value: &str, why: &str) -> OssError {
    invalid(name, value, why).ec(BAD_VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn website(inside: &str) -> Result<Website, OssError> {
        Website::parse(&format!("<WebsiteConfiguration>{inside}</WebsiteConfiguration>"))
    }

    fn rule(condition: &str, redirect: &str) -> Result<Website, OssError> {
        website(&format!(
            "<RoutingRules><RoutingRule><RuleNumber>1</RuleNumber><Condition>{condition}</Condition>\
             <Redirect>{redirect}</Redirect></RoutingRule></RoutingRules>"
        ))
    }

    #[test]
    fn documents_are_found() {
        let both = website(
            "<IndexDocument><Suffix>index.html</Suffix><SupportSubDir>True</SupportSubDir></IndexDocument>\
             <ErrorDocument><Key>error.中文</Key></ErrorDocument>",
        )
        .unwrap();
        assert!(both.to_xml().contains("<SupportSubDir>true</SupportSubDir>"));
        let index = website("<IndexDocument><Suffix>i</Suffix></IndexDocument><ErrorDocument><Key/></ErrorDocument>");
        assert!(!index.unwrap().to_xml().contains("ErrorDocument"));
    }

    #[test]
    fn a_mirror_gets_the_defaults_of_oss() {
        let not_found = "<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>";
        for (given, pass) in [
            ("", "false"),
            ("<PassQueryString>True</PassQueryString>", "true"),
            ("<PassQueryString>false</PassQueryString><MirrorPassQueryString>true</MirrorPassQueryString>", "true"),
        ] {
            let redirect = format!(
                "<RedirectType>Mirror</RedirectType><MirrorURL>http://a.com/</MirrorURL>{given}\
                 <MirrorHeaders><PassAll>True</PassAll><Pass>k1</Pass><Pass>k2</Pass></MirrorHeaders>"
            );
            let xml = rule(not_found, &redirect).unwrap().to_xml();
            for part in [
                format!("<PassQueryString>{pass}</PassQueryString>"),
                format!("<MirrorPassQueryString>{pass}</MirrorPassQueryString>"),
                "<MirrorFollowRedirect>true</MirrorFollowRedirect>".to_owned(),
                "<MirrorCheckMd5>false</MirrorCheckMd5>".to_owned(),
                "<MirrorPassOriginalSlashes>false</MirrorPassOriginalSlashes>".to_owned(),
                "<PassAll>true</PassAll>".to_owned(),
                "<Pass>k2</Pass>".to_owned(),
            ] {
                assert!(xml.contains(&part), "{part} in {xml}");
            }
        }
        let plain = rule(not_found, "<HostName>a.com</HostName>").unwrap().to_xml();
        assert!(plain.contains("<RedirectType>External</RedirectType>"), "{plain}");
    }

    #[test]
    fn what_oss_refuses_is_refused() {
        let index = |inside: &str| format!("<IndexDocument><Suffix>i</Suffix>{inside}</IndexDocument>");
        let error =
            |status: &str| format!("<ErrorDocument><Key>e</Key><HttpStatus>{status}</HttpStatus></ErrorDocument>");
        let not_found = "<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals>";
        let mirror = "<RedirectType>Mirror</RedirectType><MirrorURL>http://a.com/</MirrorURL>";
        for (result, code) in [
            (website(""), OssCode::MalformedXML),
            (website("<IndexDocument/><ErrorDocument/>"), OssCode::MalformedXML),
            (website("<IndexDocument><Suffix>a/b</Suffix></IndexDocument>"), OssCode::InvalidArgument),
            (website(&index("<Type>3</Type>")), OssCode::InvalidArgument),
            (website(&index("<Other/>")), OssCode::NotImplemented),
            (website(&error("test")), OssCode::InvalidArgument),
            (website(&error("500")), OssCode::InvalidArgument),
            (rule("<HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals>", mirror), OssCode::InvalidArgument),
            (rule(not_found, "<RedirectType>Mirror</RedirectType>"), OssCode::InvalidArgument),
            (rule(not_found, &format!("{mirror}<MirrorAuth/>")), OssCode::NotImplemented),
            (rule(not_found, "<RedirectType>Other</RedirectType>"), OssCode::InvalidArgument),
            (rule(not_found, "<HttpRedirectCode>200</HttpRedirectCode>"), OssCode::InvalidArgument),
            (
                website(
                    "<RoutingRules><RoutingRule><RuleNumber>0</RuleNumber><Redirect/></RoutingRule></RoutingRules>",
                ),
                OssCode::InvalidArgument,
            ),
            (website("<RoutingRules><RoutingRule><Redirect/></RoutingRule></RoutingRules>"), OssCode::MalformedXML),
            (
                website("<RoutingRules><RoutingRule><RuleNumber>1</RuleNumber></RoutingRule></RoutingRules>"),
                OssCode::MalformedXML,
            ),
        ] {
            assert_eq!(result.map_err(|error| error.code).unwrap_err(), code);
        }
        let error = website(&error("test")).unwrap_err();
        assert_eq!((error.message.as_str(), error.ec.as_deref()), ("HttpStatus is Invalid", Some(BAD_VALUE)));
    }
}
