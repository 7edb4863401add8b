//! Listings of the own bucket: confined when every prefix that the conditions leave is inside of the folder.

use super::automaton::{Glob, TooComplex, beginning, glob, literal, shortest};
use super::shape::{PrefixShape, SPARE};
use super::{Escape, actions};
use crate::ram::condition::Condition;
use crate::ram::document::{Effect, PolicyDocument, Statement};

/// The condition key that carries a listing's prefix.
const PREFIX_KEY: &str = "oss:prefix";

/// What one statement asks of a listing's prefix: all of these.
#[derive(Debug)]
struct Asks {
    /// Index of its first glob, of the one after its last, and whether none may match.
    conditions: Vec<(usize, usize, bool)>,
}

impl Asks {
    /// Whether a prefix with these matches is meant.
    fn met(&self, matched: &[bool]) -> bool {
        self.conditions.iter().all(|&(begin, end, negated)| matched[begin..end].contains(&true) != negated)
    }

    /// Whether a listing without any prefix is meant: nothing equals what is not there.
    fn met_without(&self) -> bool {
        self.conditions.iter().all(|&(.., negated)| negated)
    }
}

/// How a listing of `bucket`, whose resource the statement `allow` covers, leaves the folder `prefix`.
pub(super) fn escape(
    index: usize,
    allow: &Statement,
    policy: &PolicyDocument,
    bucket: &str,
    prefix: &str,
) -> Result<Option<Escape>, TooComplex> {
    let resource = format!("acs:oss:*:*:{bucket}");
    if prefix.is_empty() || !allow.resources.iter().any(|p| p.may_be_of_oss() && p.relative_id().matches(bucket)) {
        return Ok(None);
    }
    for action in actions::LISTINGS.iter().filter(|action| allow.actions.matches(action)) {
        let mut globs = vec![beginning(prefix)];
        // Conditions that cannot be read as globs are taken as met here and, in a Deny, as not met.
        let allowed = Asks { conditions: prefix_conditions(allow, &mut globs).0 };
        let denies: Vec<Asks> = policy
            .statements
            .iter()
            .filter(|deny| deny.effect == Effect::Deny && deny.actions.matches(action))
            .filter(|deny| deny.resources.iter().any(|p| p.is_of_every_account() && p.matches(&resource)))
            .filter_map(|deny| {
                let (conditions, all) = prefix_conditions(deny, &mut globs);
                all.then_some(Asks { conditions })
            })
            .collect();
        let escape = |prefix| Escape::Listing { statement: index, action: (*action).to_owned(), prefix };
        if allowed.met_without() && !denies.iter().any(Asks::met_without) {
            return Ok(Some(escape(None)));
        }
        let found = shortest(&PrefixShape, &globs, SPARE, |matched| {
            let escapes = !matched[0] && allowed.met(matched) && !denies.iter().any(|deny| deny.met(matched));
            Ok(escapes.then_some(()))
        })?;
        if let Some((prefix, ())) = found {
            return Ok(Some(escape(Some(prefix))));
        }
    }
    Ok(None)
}

/// The conditions on the prefix as globs, added to `globs`; and whether they are all the conditions that there are.
fn prefix_conditions(statement: &Statement, globs: &mut Vec<Glob>) -> (Vec<(usize, usize, bool)>, bool) {
    let mut all = true;
    let mut conditions = Vec::new();
    for condition in &statement.conditions {
        match reading(condition) {
            Some((like, negated)) => {
                let begin = globs.len();
                globs.extend(condition.values().map(|value| if like { glob(value) } else { literal(value) }));
                conditions.push((begin, globs.len(), negated));
            }
            None => all = false,
        }
    }
    (conditions, all)
}

/// Whether the values of a condition on the prefix have wildcards, and whether it is negated; `None` for any other condition.
fn reading(condition: &Condition) -> Option<(bool, bool)> {
    if !condition.key().eq_ignore_ascii_case(PREFIX_KEY) {
        return None;
    }
    match condition.operator().name() {
        "StringEquals" => Some((false, false)),
        "StringNotEquals" => Some((false, true)),
        "StringLike" => Some((true, false)),
        "StringNotLike" => Some((true, true)),
        _ => None,
    }
}
