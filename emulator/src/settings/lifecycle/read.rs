//! From XML to lifecycle rules; each rule by itself.

use shared::error::OssError;
use shared::timefmt;
use time::{OffsetDateTime, Time};

use super::{Expiration, Filter, Not, Rule, Transition, When};
use crate::settings::fault::{invalid, malformed};
use crate::settings::storage_class::StorageClass;
use crate::settings::tagging::Tag;
use crate::settings::tree::{Node, Part};

const MAX_RULES: usize = 1000;
const MAX_ID: usize = 255;

pub(super) fn rules(xml: &str, new_id: &dyn Fn() -> String) -> Result<Vec<Rule>, OssError> {
    let root = Node::parse(xml, "LifecycleConfiguration")?;
    root.check(&[("Rule", Part::Nodes)])?;
    let rules = root.all("Rule").map(|node| rule(node, new_id)).collect::<Result<Vec<_>, _>>()?;
    match rules.len() {
        0 => Err(malformed("there is no Rule").ec("0014-00000013")),
        1..=MAX_RULES => Ok(rules),
        count => Err(invalid("Rule", count.to_string(), format!("a bucket has {MAX_RULES} rules at most"))),
    }
}

fn rule(node: &Node, new_id: &dyn Fn() -> String) -> Result<Rule, OssError> {
    node.check(&[
        ("ID", Part::Text),
        ("Prefix", Part::Text),
        ("Status", Part::Text),
        ("Tag", Part::Nodes),
        ("Filter", Part::Node),
        ("Expiration", Part::Node),
        ("AbortMultipartUpload", Part::Node),
        ("Transition", Part::Nodes),
        ("NoncurrentVersionExpiration", Part::Node),
        ("NoncurrentVersionTransition", Part::Nodes),
        // GET has it; a client that puts back what it got sends it too.
        ("AtimeBase", Part::Text),
        // ali-oss leaves them here besides the Expiration that it makes of them; OSS overlooks them.
        ("Days", Part::Text),
        ("Date", Part::Text),
    ])?;
    let id = node.word("ID").map_or_else(new_id, str::to_owned);
    if id.chars().count() > MAX_ID {
        return Err(invalid("ID", id, format!("an ID has {MAX_ID} characters at most")).ec("0014-00000019"));
    }
    let enabled = match node.required("Status")? {
        "Enabled" => true,
        "Disabled" => false,
        _ => return Err(malformed("Status is neither Enabled nor Disabled")),
    };
    let rule = Rule {
        id,
        prefix: node.value("Prefix").unwrap_or_default().to_owned(),
        enabled,
        tags: node.all("Tag").map(Tag::read).collect::<Result<_, _>>()?,
        filter: node.child("Filter").map(filter).transpose()?.unwrap_or_default(),
        expiration: node.child("Expiration").map(expiration).transpose()?,
        abort_uploads: node.child("AbortMultipartUpload").map(abort).transpose()?,
        transitions: node.all("Transition").map(transition).collect::<Result<_, _>>()?,
        noncurrent_expiration: node.child("NoncurrentVersionExpiration").map(noncurrent_expiration).transpose()?,
        noncurrent_transitions: node
            .all("NoncurrentVersionTransition")
            .map(noncurrent_transition)
            .collect::<Result<_, _>>()?,
    };
    check(&rule)?;
    Ok(rule)
}

fn check(rule: &Rule) -> Result<(), OssError> {
    let acts = rule.expiration.is_some()
        || rule.abort_uploads.is_some()
        || rule.noncurrent_expiration.is_some()
        || !rule.transitions.is_empty()
        || !rule.noncurrent_transitions.is_empty();
    if !acts {
        return Err(malformed(format!("rule {:?} does nothing", rule.id)).ec("0014-00000026"));
    }
    let of_no_object = rule.abort_uploads.is_some() || rule.expiration == Some(Expiration::DeleteMarkers);
    if of_no_object && !rule.tags.is_empty() {
        let why = "Tag does not go with AbortMultipartUpload nor with ExpiredObjectDeleteMarker";
        return Err(malformed(why).ec("0014-00000027"));
    }
    if of_no_object && !rule.filter.nots.is_empty() {
        let why = "Filter/Not does not go with AbortMultipartUpload nor with ExpiredObjectDeleteMarker";
        return Err(malformed(why).ec("0014-00000034"));
    }
    Ok(())
}

fn filter(node: &Node) -> Result<Filter, OssError> {
    node.check(&[("ObjectSizeGreaterThan", Part::Text), ("ObjectSizeLessThan", Part::Text), ("Not", Part::Nodes)])?;
    let not = |node: &Node| {
        node.check(&[("Prefix", Part::Text), ("Tag", Part::Node)])?;
        let tag = node.child("Tag").map(Tag::read).transpose()?;
        Ok(Not { prefix: node.value("Prefix").unwrap_or_default().to_owned(), tag })
    };
    let (larger_than, smaller_than) =
        (node.number("ObjectSizeGreaterThan", 0, u64::MAX)?, node.number("ObjectSizeLessThan", 0, u64::MAX)?);
    if let (Some(larger), Some(smaller)) = (larger_than, smaller_than)
        && larger >= smaller
    {
        let why = "it must be more than ObjectSizeGreaterThan";
        return Err(invalid("ObjectSizeLessThan", smaller.to_string(), why));
    }
    Ok(Filter { larger_than, smaller_than, nots: node.all("Not").map(not).collect::<Result<_, OssError>>()? })
}

fn expiration(node: &Node) -> Result<Expiration, OssError> {
    node.check(&[
        ("Days", Part::Text),
        ("CreatedBeforeDate", Part::Text),
        ("Date", Part::Text),
        ("ExpiredObjectDeleteMarker", Part::Text),
    ])?;
    let (days, before, date) = (days(node, "Days")?, midnight(node, "CreatedBeforeDate")?, midnight(node, "Date")?);
    let markers = node.flag("ExpiredObjectDeleteMarker")?.unwrap_or(false);
    match (days, before, date, markers) {
        (None, None, None, true) => Ok(Expiration::DeleteMarkers),
        (_, _, _, true) => {
            Err(malformed("ExpiredObjectDeleteMarker goes with neither Days nor a date").ec("0014-00000059"))
        }
        (Some(days), None, None, _) => Ok(Expiration::Object(When::Days(days))),
        (None, Some(before), None, _) => Ok(Expiration::Object(When::CreatedBefore(before))),
        (None, None, Some(date), _) => Ok(Expiration::Date(date)),
        (None, None, None, false) => {
            Err(malformed("Expiration has neither Days nor CreatedBeforeDate").ec("0014-00000060"))
        }
        _ => Err(malformed("Expiration has both Days and a date").ec("0014-00000061")),
    }
}

fn abort(node: &Node) -> Result<When, OssError> {
    node.check(&[("Days", Part::Text), ("CreatedBeforeDate", Part::Text)])?;
    when(node, None)
}

fn transition(node: &Node) -> Result<Transition<When>, OssError> {
    if node.child("Date").is_some() {
        return Err(malformed("Transition has Days or CreatedBeforeDate, and no Date").ec("0014-00000046"));
    }
    node.check(&[
        ("Days", Part::Text),
        ("CreatedBeforeDate", Part::Text),
        ("StorageClass", Part::Text),
        ("IsAccessTime", Part::Text),
        ("ReturnToStdWhenVisit", Part::Text),
        ("AllowSmallFile", Part::Text),
    ])?;
    transition_of(node, when(node, Some("0014-00000050"))?, "0014-00000044")
}

fn noncurrent_transition(node: &Node) -> Result<Transition<u32>, OssError> {
    node.check(&[
        ("NoncurrentDays", Part::Text),
        ("StorageClass", Part::Text),
        ("IsAccessTime", Part::Text),
        ("ReturnToStdWhenVisit", Part::Text),
        ("AllowSmallFile", Part::Text),
    ])?;
    transition_of(node, noncurrent_days(node)?, "0014-00000062")
}

fn transition_of<W>(node: &Node, when: W, ec_of_class: &str) -> Result<Transition<W>, OssError> {
    let class = node.required("StorageClass")?;
    let class = StorageClass::parse(class).ok().filter(|class| *class != StorageClass::Standard).ok_or_else(|| {
        invalid("StorageClass", class, "IA, Archive, ColdArchive or DeepColdArchive is expected").ec(ec_of_class)
    })?;
    Ok(Transition {
        when,
        class,
        by_access: node.flag("IsAccessTime")?,
        return_when_visited: node.flag("ReturnToStdWhenVisit")?,
        allow_small: node.flag("AllowSmallFile")?,
    })
}

fn noncurrent_expiration(node: &Node) -> Result<u32, OssError> {
    node.check(&[("NoncurrentDays", Part::Text)])?;
    noncurrent_days(node)
}

fn noncurrent_days(node: &Node) -> Result<u32, OssError> {
    days(node, "NoncurrentDays")?.ok_or_else(|| malformed("there is no NoncurrentDays"))
}

/// `ec_of_both`: for an element that has both Days and CreatedBeforeDate.
fn when(node: &Node, ec_of_both: Option<&str>) -> Result<When, OssError> {
    match (days(node, "Days")?, midnight(node, "CreatedBeforeDate")?) {
        (Some(days), None) => Ok(When::Days(days)),
        (None, Some(before)) => Ok(When::CreatedBefore(before)),
        (None, None) => Err(malformed("there is neither Days nor CreatedBeforeDate")),
        (Some(_), Some(_)) => {
            let error = malformed("there are both Days and CreatedBeforeDate");
            Err(match ec_of_both {
                Some(ec) => error.ec(ec),
                None => error,
            })
        }
    }
}

fn days(node: &Node, name: &str) -> Result<Option<u32>, OssError> {
    let days = node.number(name, 1, u64::from(u32::MAX)).map_err(|error| error.ec("0014-00000086"))?;
    Ok(days.and_then(|days| u32::try_from(days).ok()))
}

fn midnight(node: &Node, name: &str) -> Result<Option<OffsetDateTime>, OssError> {
    let Some(text) = node.value(name).map(str::trim) else { return Ok(None) };
    match timefmt::parse_iso8601(text).filter(|date| date.time() == Time::MIDNIGHT) {
        Some(date) => Ok(Some(date)),
        None => {
            let why = "a midnight of UTC is expected, such as 2026-01-31T00:00:00.000Z";
            Err(invalid(name, text, why).ec("0014-00000087"))
        }
    }
}
