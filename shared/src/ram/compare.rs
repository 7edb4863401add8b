//! Whether one policy allows all that another allows: an answer with a proof, or a request that tells them apart.
//!
//! Requests fall into classes that no pattern of either policy can tell apart. One request of each class is tried: names
//! from the automata that `reach` runs on, values of conditions from both sides of each value that a policy names.

use std::collections::BTreeMap;
use std::net::IpAddr;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::condition::{Condition, Context};
use super::document::{Actions, PolicyDocument};
use super::evaluate::{Outcome, Request, evaluate_layer};
use super::pattern::ResourcePattern;
use super::reach::automaton::{Glob, TooComplex, beginning, classes, glob, literal};
use super::reach::shape::{ActionShape, BucketShape, ObjectShape, PrefixShape, SPARE};

/// More classes of requests than two policies of a token have.
const MAX_REQUESTS: usize = 400_000;
/// The account in the requests that are tried.
const ACCOUNT: &str = "1000000000000001";

/// Why one policy does not imply another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    #[error("{} on {} is allowed by one alone", .0.action, .0.resource)]
    Request(Box<Request>),
    #[error("the policies have more classes of requests than can be tried: write them more simply")]
    TooComplex,
}

/// Proves that every request to OSS that `narrow` allows is allowed by `wide`, too.
///
/// Requests carry at most one value of each condition key, and come from a caller whom every Principal covers.
///
/// # Errors
/// [`Difference::Request`] with a request that `narrow` alone allows.
pub fn implies(narrow: &PolicyDocument, wide: &PolicyDocument) -> Result<(), Difference> {
    tell_apart(narrow, wide, |narrow, wide| narrow && !wide)
}

/// Proves that both allow the same requests; otherwise a request that one alone allows.
///
/// # Errors
/// As [`implies`].
pub fn equivalent(left: &PolicyDocument, right: &PolicyDocument) -> Result<(), Difference> {
    tell_apart(left, right, |left, right| left != right)
}

fn tell_apart(left: &PolicyDocument, right: &PolicyDocument, differ: fn(bool, bool) -> bool) -> Result<(), Difference> {
    let too_complex = |_: TooComplex| Difference::TooComplex;
    let both = [left, right];
    let statements = || both.into_iter().flat_map(|policy| &policy.statements);
    let actions = actions(statements().map(|statement| &statement.actions)).map_err(too_complex)?;
    let resources = resources(statements().flat_map(|statement| &statement.resources)).map_err(too_complex)?;
    let contexts = contexts(statements().flat_map(|statement| &statement.conditions))?;
    if actions.len().saturating_mul(resources.len()).saturating_mul(contexts.len()) > MAX_REQUESTS {
        return Err(Difference::TooComplex);
    }
    let principals: Vec<String> =
        statements().filter_map(|statement| statement.principal.as_ref()).flat_map(|p| p.names()).collect();
    for context in contexts {
        let mut request = Request { principals: principals.clone(), context, ..Request::default() };
        for action in &actions {
            request.action.clone_from(action);
            for resource in &resources {
                request.resource.clone_from(resource);
                let allows = |policy: &PolicyDocument| evaluate_layer(&[policy], &request).effect == Outcome::Allow;
                if differ(allows(left), allows(right)) {
                    return Err(Difference::Request(Box::new(request)));
                }
            }
        }
    }
    Ok(())
}

fn actions<'a>(all: impl Iterator<Item = &'a Actions>) -> Result<Vec<String>, TooComplex> {
    let mut globs = vec![beginning("oss:")];
    for actions in all {
        let (Actions::Only(patterns) | Actions::AllBut(patterns)) = actions;
        globs.extend(patterns.iter().map(|pattern| glob(&pattern.as_str().to_ascii_lowercase())));
    }
    globs.dedup();
    let of_oss =
        classes(&ActionShape, &globs, SPARE)?.into_iter().filter(|(_, matched)| matched.first() == Some(&true));
    Ok(of_oss.map(|(action, _)| action).collect())
}

fn resources<'a>(all: impl Iterator<Item = &'a ResourcePattern>) -> Result<Vec<String>, TooComplex> {
    let mut globs = Vec::new();
    let mut places = vec![("cn-hangzhou".to_owned(), ACCOUNT.to_owned())];
    for pattern in all.filter(|pattern| pattern.may_be_of_oss()) {
        globs.push(glob(pattern.relative_id().as_str()));
        let [region, account] = pattern.region_and_account().map(|pattern| pattern.as_str().replace(['*', '?'], "0"));
        if !pattern.is_of_every_account() && !places.contains(&(region.clone(), account.clone())) {
            places.push((region, account));
        }
    }
    globs.sort_by_key(|glob| format!("{glob:?}"));
    globs.dedup();
    let mut ids: Vec<String> = classes(&ObjectShape, &globs, SPARE)?.into_iter().map(|(id, _)| id).collect();
    ids.extend(classes(&BucketShape, &globs, SPARE)?.into_iter().map(|(id, _)| id));
    ids.push("*".to_owned());
    Ok(places
        .iter()
        .flat_map(|(region, account)| ids.iter().map(move |id| format!("acs:oss:{region}:{account}:{id}")))
        .collect())
}

/// Every combination of the values that conditions look at, each key being absent once.
fn contexts<'a>(all: impl Iterator<Item = &'a Condition>) -> Result<Vec<Context>, Difference> {
    let mut keys: BTreeMap<String, Vec<&Condition>> = BTreeMap::new();
    for condition in all {
        keys.entry(condition.key().to_ascii_lowercase()).or_default().push(condition);
    }
    let mut contexts = vec![Context::new()];
    for (key, conditions) in keys {
        let values = values(&conditions).map_err(|_| Difference::TooComplex)?;
        let mut more = contexts.clone();
        for context in &contexts {
            more.extend(values.iter().map(|value| context.clone().with(&key, value.as_str())));
        }
        contexts = more;
        if contexts.len() > MAX_REQUESTS {
            return Err(Difference::TooComplex);
        }
    }
    Ok(contexts)
}

/// A value of each class that the conditions on one key tell apart.
fn values(conditions: &[&Condition]) -> Result<Vec<String>, TooComplex> {
    let mut globs: Vec<Glob> = Vec::new();
    let mut values: Vec<String> = Vec::new();
    for condition in conditions {
        let name = condition.operator().name();
        for value in condition.values() {
            if name.contains("Like") {
                globs.push(glob(value));
            } else {
                globs.push(literal(value));
                values.extend(neighbours(name, value));
            }
            if name.ends_with("IgnoreCase") {
                values.push(value.to_uppercase());
                values.push(value.to_lowercase());
            }
        }
    }
    values.extend(classes(&PrefixShape, &globs, SPARE)?.into_iter().map(|(text, _)| text));
    values.sort();
    values.dedup();
    Ok(values)
}

/// The value itself, and what lies on both sides of it.
fn neighbours(operator: &str, value: &str) -> Vec<String> {
    let mut near = vec![value.to_owned()];
    if operator.starts_with("Numeric")
        && let Ok(number) = value.parse::<f64>()
    {
        near.extend([number - 0.5, number + 0.5].map(|number| number.to_string()));
    } else if operator.starts_with("Date")
        && let Ok(date) = OffsetDateTime::parse(value, &Rfc3339)
    {
        let sides = [-1, 1].into_iter().filter_map(|second| date.checked_add(Duration::seconds(second)));
        near.extend(sides.filter_map(|side| side.format(&Rfc3339).ok()));
    } else if operator.contains("Ip") {
        near = block_and_outside(value);
    } else if operator == "Bool" {
        near = vec!["true".to_owned(), "false".to_owned()];
    }
    near
}

/// The address of a block, and one outside of it.
fn block_and_outside(block: &str) -> Vec<String> {
    let (address, length) = block.split_once('/').unwrap_or((block, "128"));
    let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u32>()) else { return Vec::new() };
    let outside = match address {
        // The last bit that the block fixes, the other way round.
        IpAddr::V4(v4) if length > 0 => {
            IpAddr::from((u32::from(v4) ^ 1_u32.checked_shl(32_u32.saturating_sub(length)).unwrap_or(1)).to_be_bytes())
        }
        IpAddr::V6(v6) if length > 0 => IpAddr::from(
            (u128::from(v6) ^ 1_u128.checked_shl(128_u32.saturating_sub(length)).unwrap_or(1)).to_be_bytes(),
        ),
        address => address,
    };
    vec![address.to_string(), outside.to_string()]
}
