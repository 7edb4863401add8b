//! From lifecycle rules to XML.

use shared::timefmt;
use time::OffsetDateTime;

use super::{Expiration, Filter, Rule, Transition, When};
use crate::xml::Xml;

pub(super) fn rules(rules: &[Rule]) -> String {
    let mut xml = Xml::new("LifecycleConfiguration");
    for rule in rules {
        xml.open("Rule")
            .leaf("ID", &rule.id)
            .leaf("Prefix", &rule.prefix)
            .leaf("Status", if rule.enabled { "Enabled" } else { "Disabled" });
        rule.tags.iter().for_each(|tag| tag.write(&mut xml));
        filter(&mut xml, &rule.filter);
        if let Some(end) = rule.expiration {
            xml.open("Expiration");
            match end {
                Expiration::Object(moment) => when(&mut xml, moment),
                Expiration::Date(midnight) => date(&mut xml, "Date", midnight),
                Expiration::DeleteMarkers => {
                    xml.leaf("ExpiredObjectDeleteMarker", true);
                }
            }
            xml.close();
        }
        for step in &rule.transitions {
            xml.open("Transition");
            when(&mut xml, step.when);
            transition(&mut xml, step);
        }
        if let Some(moment) = rule.abort_uploads {
            xml.open("AbortMultipartUpload");
            when(&mut xml, moment);
            xml.close();
        }
        if let Some(days) = rule.noncurrent_expiration {
            xml.open("NoncurrentVersionExpiration").leaf("NoncurrentDays", days).close();
        }
        for step in &rule.noncurrent_transitions {
            xml.open("NoncurrentVersionTransition").leaf("NoncurrentDays", step.when);
            transition(&mut xml, step);
        }
        xml.close();
    }
    xml.finish()
}

fn filter(xml: &mut Xml, filter: &Filter) {
    if *filter == Filter::default() {
        return;
    }
    xml.open("Filter");
    for (name, size) in [("ObjectSizeGreaterThan", filter.larger_than), ("ObjectSizeLessThan", filter.smaller_than)] {
        if let Some(size) = size {
            xml.leaf(name, size);
        }
    }
    for not in &filter.nots {
        xml.open("Not").leaf("Prefix", &not.prefix);
        if let Some(tag) = &not.tag {
            tag.write(xml);
        }
        xml.close();
    }
    xml.close();
}

/// The rest of a transition, and its end.
fn transition<W>(xml: &mut Xml, transition: &Transition<W>) {
    xml.leaf("StorageClass", transition.class.as_str());
    for (name, flag) in [
        ("IsAccessTime", transition.by_access),
        ("ReturnToStdWhenVisit", transition.return_when_visited),
        ("AllowSmallFile", transition.allow_small),
    ] {
        if let Some(flag) = flag {
            xml.leaf(name, flag);
        }
    }
    xml.close();
}

fn when(xml: &mut Xml, when: When) {
    match when {
        When::Days(days) => {
            xml.leaf("Days", days);
        }
        When::CreatedBefore(midnight) => date(xml, "CreatedBeforeDate", midnight),
    }
}

fn date(xml: &mut Xml, name: &str, midnight: OffsetDateTime) {
    xml.leaf(name, timefmt::oss_xml(midnight));
}
