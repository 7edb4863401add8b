//! Whether one policy allows all that another allows: an answer with a proof, or a request that tells them apart.
//!
//! Requests fall into classes that no pattern of either policy can tell apart. One request of each class is tried: names
//! from the automata that `reach` runs on, values of conditions from both sides of each value that a policy names.

use std::collections::{BTreeMap, HashSet};

use super::condition::{Condition, Context};
use super::document::{Actions, Effect, PolicyDocument, Statement};
use super::evaluate::{Request, conditions_met};
use super::pattern::{Pattern, ResourcePattern};
use super::principal::Principal;
use super::reach::automaton::{Glob, TooComplex, beginning, classes, glob};
use super::reach::shape::{ActionShape, BucketShape, ObjectShape, PrefixShape, SPARE};
use super::values;

/// More classes of requests than two policies of a token have.
const MAX_REQUESTS: usize = 4_000_000;
/// More resources, and more combinations of the values of condition keys, before those that no statement tells apart count as one.
const MAX_PARTS: usize = 20_000;
/// Callers who go by more names of different kinds are not tried in all combinations of these.
const MAX_NAMES: usize = 10;
/// 64 statements each.
const WORDS: usize = 4;
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
/// Requests carry at most one value of each condition key, and come from callers with every combination of the names that
/// Principals tell apart, strangers without one included.
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
    let table = Table::of(left.statements.iter().chain(&right.statements))?;
    let (of_left, of_right) = (Bits::of(0..left.statements.len()), Bits::of(left.statements.len()..table.statements));
    match table.find(|applies| differ(table.allows(applies.and(of_left)), table.allows(applies.and(of_right)))) {
        Some(request) => Err(Difference::Request(Box::new(request))),
        None => Ok(()),
    }
}

/// The Allow statements without any one of which `policy` allows the same; `None` where that cannot be told.
pub(super) fn idle(policy: &PolicyDocument) -> Option<Vec<usize>> {
    let table = Table::of(policy.statements.iter()).ok()?;
    let mut needed = HashSet::new();
    let _ = table.find(|applies| {
        if table.allows(applies) {
            needed.extend(applies.and(table.allowing).only());
        }
        false
    });
    let allows = policy.statements.iter().enumerate().filter(|(_, statement)| statement.effect == Effect::Allow);
    Some(allows.map(|(index, _)| index).filter(|index| !needed.contains(index)).collect())
}

/// A set of statements, by their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Bits([u64; WORDS]);

impl Bits {
    /// Those that are not beyond what a set can hold.
    fn of(statements: impl IntoIterator<Item = usize>) -> Self {
        let mut bits = Self::default();
        for statement in statements {
            if let Some(word) = bits.0.get_mut(statement / 64) {
                *word |= 1 << (statement % 64);
            }
        }
        bits
    }

    fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    fn is_empty(self) -> bool {
        self.0 == [0; WORDS]
    }

    /// The one statement, where there is exactly one.
    fn only(self) -> Option<usize> {
        let alone = self.0.iter().map(|word| word.count_ones()).sum::<u32>() == 1;
        let word = self.0.iter().position(|word| *word != 0).filter(|_| alone)?;
        Some(word * 64 + usize::try_from(self.0[word].trailing_zeros()).ok()?)
    }
}

/// What requests can be made of, each with the statements that fit it. What fits the same ones stands here once.
struct Table {
    statements: usize,
    allowing: Bits,
    denying: Bits,
    actions: Vec<(String, Bits)>,
    resources: Vec<(String, Bits)>,
    contexts: Vec<(Context, Bits)>,
    callers: Vec<(Vec<String>, Bits)>,
}

impl Table {
    fn of<'a>(all: impl Iterator<Item = &'a Statement>) -> Result<Self, Difference> {
        let all: Vec<&Statement> = all.collect();
        let too_complex = |_: TooComplex| Difference::TooComplex;
        if all.len() > WORDS * 64 {
            return Err(Difference::TooComplex);
        }
        let each = || all.iter().copied();
        let of = |effect: Effect| Bits::of((0..all.len()).filter(|&index| all[index].effect == effect));
        let actions = actions(each().map(|statement| &statement.actions)).map_err(too_complex)?;
        let resources = resources(each().flat_map(|statement| &statement.resources)).map_err(too_complex)?;
        let contexts = contexts(each().flat_map(|statement| &statement.conditions))?;
        let callers = callers(each().filter_map(|statement| statement.principal.as_ref()))?;
        let table = Self {
            statements: all.len(),
            allowing: of(Effect::Allow),
            denying: of(Effect::Deny),
            actions: fitting(&all, actions, |statement, action| statement.actions.matches(action)),
            resources: fitting(&all, resources, |statement, resource| statement.covers(resource)),
            contexts: fitting(&all, contexts, conditions_met),
            callers: fitting(&all, callers, |statement, names| {
                statement.principal.as_ref().is_none_or(|principal| principal.matches(names))
            }),
        };
        let lengths = [table.actions.len(), table.resources.len(), table.contexts.len(), table.callers.len()];
        if lengths.into_iter().fold(1, usize::saturating_mul) > MAX_REQUESTS {
            return Err(Difference::TooComplex);
        }
        Ok(table)
    }

    /// Whether a policy of these statements allows a request to which they apply.
    fn allows(&self, applies: Bits) -> bool {
        applies.and(self.denying).is_empty() && !applies.and(self.allowing).is_empty()
    }

    /// The first request that is `wanted`, by the statements that apply to it.
    fn find(&self, mut wanted: impl FnMut(Bits) -> bool) -> Option<Request> {
        for (principals, of_caller) in &self.callers {
            for (context, of_context) in &self.contexts {
                for (action, of_action) in &self.actions {
                    let applies = of_caller.and(*of_context).and(*of_action);
                    for (resource, of_resource) in &self.resources {
                        if wanted(applies.and(*of_resource)) {
                            let (action, resource) = (action.clone(), resource.clone());
                            let (principals, context) = (principals.clone(), context.clone());
                            return Some(Request { action, resource, principals, context });
                        }
                    }
                }
            }
        }
        None
    }
}

/// `all` with the statements that each fits, without those that fit the same as one before.
fn fitting<T>(statements: &[&Statement], all: Vec<T>, fits: impl Fn(&Statement, &T) -> bool) -> Vec<(T, Bits)> {
    let mut known = HashSet::new();
    let with_bits = all.into_iter().map(|one| {
        let bits = Bits::of((0..statements.len()).filter(|&index| fits(statements[index], &one)));
        (one, bits)
    });
    with_bits.filter(|(_, bits)| known.insert(*bits)).collect()
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
    let of_oss: Vec<&ResourcePattern> = all.filter(|pattern| pattern.may_be_of_oss()).collect();
    let globs = |part: fn(&ResourcePattern) -> &Pattern| distinct(of_oss.iter().map(|pattern| part(pattern)));
    let ids = globs(ResourcePattern::relative_id);
    let mut names: Vec<String> = classes(&ObjectShape, &ids, SPARE)?.into_iter().map(|(id, _)| id).collect();
    names.extend(classes(&BucketShape, &ids, SPARE)?.into_iter().map(|(id, _)| id));
    names.push("*".to_owned());
    // What is tried first is what stands for its class.
    let texts = |usual: &str, globs: &[Glob]| -> Result<Vec<String>, TooComplex> {
        let others = classes(&PrefixShape, globs, SPARE)?.into_iter().map(|(text, _)| text);
        Ok(std::iter::once(usual.to_owned()).chain(others).collect())
    };
    let regions = texts("cn-hangzhou", &globs(|pattern| pattern.region_and_account()[0]))?;
    let accounts = texts(ACCOUNT, &globs(|pattern| pattern.region_and_account()[1]))?;
    if regions.len().saturating_mul(accounts.len()).saturating_mul(names.len()) > MAX_PARTS {
        return Err(TooComplex);
    }
    let owners = regions.iter().flat_map(|region| accounts.iter().map(move |account| format!("{region}:{account}")));
    Ok(owners.flat_map(|owner| names.iter().map(move |name| format!("acs:oss:{owner}:{name}"))).collect())
}

/// Patterns as globs, each once.
fn distinct<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Vec<Glob> {
    let mut sources: Vec<&str> = patterns.map(Pattern::as_str).collect();
    sources.sort_unstable();
    sources.dedup();
    sources.into_iter().map(glob).collect()
}

/// Every combination of the values that conditions look at, each key being absent once.
fn contexts<'a>(all: impl Iterator<Item = &'a Condition>) -> Result<Vec<Context>, Difference> {
    let mut keys: BTreeMap<String, Vec<&Condition>> = BTreeMap::new();
    for condition in all {
        keys.entry(condition.key().to_ascii_lowercase()).or_default().push(condition);
    }
    let mut contexts = vec![Context::new()];
    for (key, conditions) in keys {
        let values = values::telling_apart(&conditions).map_err(|_| Difference::TooComplex)?;
        if contexts.len().saturating_mul(values.len() + 1) > MAX_PARTS {
            return Err(Difference::TooComplex);
        }
        let mut more = contexts.clone();
        for context in &contexts {
            more.extend(values.iter().map(|value| context.clone().with(&key, value.as_str())));
        }
        contexts = more;
    }
    Ok(contexts)
}

/// Every combination of names that the principals tell apart, fewest first; nobody's is the first.
fn callers<'a>(all: impl Iterator<Item = &'a Principal>) -> Result<Vec<Vec<String>>, Difference> {
    let globs = distinct(all.flat_map(Principal::patterns));
    let names = classes(&PrefixShape, &globs, SPARE).map_err(|_| Difference::TooComplex)?;
    let names: Vec<String> =
        names.into_iter().filter(|(_, matched)| matched.contains(&true)).map(|(name, _)| name).collect();
    if names.len() > MAX_NAMES {
        return Err(Difference::TooComplex);
    }
    let mut callers: Vec<Vec<String>> = (0..1_usize << names.len())
        .map(|chosen| {
            names.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, n)| n.clone()).collect()
        })
        .collect();
    callers.sort_by_key(Vec::len);
    Ok(callers)
}
