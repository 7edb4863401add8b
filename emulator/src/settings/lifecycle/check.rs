//! What lifecycle rules must not say together (EC pages 0014-00000020, -079 to -085).

use std::collections::BTreeSet;

use shared::error::{OssCode, OssError};

use super::{Expiration, Rule, When};
use crate::settings::fault::invalid;
use crate::settings::storage_class::StorageClass;
use crate::settings::tagging::Tag;

/// Checks rules that are each well said. With `allow_overlap` prefixes may overlap as they like.
pub(super) fn rules(rules: &[Rule], allow_overlap: bool) -> Result<(), OssError> {
    let mut ids = BTreeSet::new();
    if let Some(twice) = rules.iter().find(|rule| !ids.insert(rule.id.as_str())) {
        return Err(invalid("ID", &twice.id, "two rules have it").ec("0014-00000020"));
    }
    for rule in rules {
        ordered(&[rule]).map_err(|why| conflict(rule, &why))?;
    }
    if allow_overlap {
        return Ok(());
    }
    let tagged: Vec<(&Rule, BTreeSet<&Tag>)> = rules.iter().map(|rule| (rule, rule.tags.iter().collect())).collect();
    for (index, (rule, tags)) in tagged.iter().enumerate() {
        for (earlier, other_tags) in tagged.iter().take(index) {
            let overlap = rule.prefix.starts_with(&earlier.prefix) || earlier.prefix.starts_with(&rule.prefix);
            // Rules with other tags are about other objects.
            if overlap && tags == other_tags {
                together(earlier, rule)?;
            }
        }
    }
    Ok(())
}

fn together(a: &Rule, b: &Rule) -> Result<(), OssError> {
    if a.prefix == b.prefix {
        return Err(conflict(b, &format!("rule {:?} has the same prefix", a.id)).ec("0014-00000085"));
    }
    let same_action = [
        ("Expiration", a.expiration.is_some() && b.expiration.is_some()),
        ("NoncurrentVersionExpiration", a.noncurrent_expiration.is_some() && b.noncurrent_expiration.is_some()),
        ("AbortMultipartUpload", a.abort_uploads.is_some() && b.abort_uploads.is_some()),
    ];
    if let Some((action, _)) = same_action.into_iter().find(|(_, both)| *both) {
        let message = format!("Overlap for same action type {action}");
        return Err(OssError::new(OssCode::InvalidArgument, message)
            .ec("0014-00000084")
            .detail("ErrorDetail", format!("rules {:?} and {:?}", a.id, b.id)));
    }
    let same_class = a.transitions.iter().any(|t| b.transitions.iter().any(|u| t.class == u.class))
        || a.noncurrent_transitions.iter().any(|t| b.noncurrent_transitions.iter().any(|u| t.class == u.class));
    if same_class {
        let why = format!("rule {:?} moves an overlapping prefix to the same class", a.id);
        return Err(conflict(b, &why).ec("0014-00000079"));
    }
    let by_days = |rule: &Rule| rule.transitions.first().map(|t| matches!(t.when, When::Days(_)));
    if let (Some(a_by_days), Some(b_by_days)) = (by_days(a), by_days(b))
        && a_by_days != b_by_days
    {
        let why = "of two rules on overlapping prefixes one has Days and the other CreatedBeforeDate";
        return Err(OssError::new(OssCode::InvalidRequest, why).ec("0014-00000080"));
    }
    ordered(&[a, b]).map_err(|why| conflict(b, &format!("with rule {:?}, {why}", a.id)).ec("0014-00000082"))
}

/// A colder class comes later, and the end comes last.
fn ordered(rules: &[&Rule]) -> Result<(), String> {
    let days = |when: When| match when {
        When::Days(days) => Some(days),
        When::CreatedBefore(_) => None,
    };
    let current = rules.iter().flat_map(|rule| &rule.transitions);
    let expirations = rules.iter().filter_map(|rule| match rule.expiration {
        Some(Expiration::Object(when)) => days(when),
        Some(Expiration::Date(_) | Expiration::DeleteMarkers) | None => None,
    });
    in_order(current.map(|t| (t.class, days(t.when))).collect(), expirations.min())?;
    let noncurrent = rules.iter().flat_map(|rule| &rule.noncurrent_transitions);
    let expirations = rules.iter().filter_map(|rule| rule.noncurrent_expiration);
    in_order(noncurrent.map(|t| (t.class, Some(t.when))).collect(), expirations.min())
}

fn in_order(mut steps: Vec<(StorageClass, Option<u32>)>, end: Option<u32>) -> Result<(), String> {
    steps.sort_by_key(|(class, _)| *class);
    for pair in steps.windows(2) {
        let [(earlier, before), (later, after)] = pair else { continue };
        if earlier == later {
            return Err(format!("there are two transitions to {}", later.as_str()));
        }
        if let (Some(before), Some(after)) = (before, after)
            && before >= after
        {
            return Err(format!("{} comes after {after} days, not later than {}", later.as_str(), earlier.as_str()));
        }
    }
    let last = steps.iter().filter_map(|(_, days)| *days).max();
    match (last, end) {
        (Some(last), Some(end)) if end <= last => {
            Err(format!("expiration comes after {end} days, not later than the last transition"))
        }
        _ => Ok(()),
    }
}

fn conflict(rule: &Rule, why: &str) -> OssError {
    invalid("Rule", &rule.id, why)
}
