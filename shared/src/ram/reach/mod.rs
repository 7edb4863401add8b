//! Proof that a session policy stays within one folder of one bucket, or the shortest name by which it escapes.
//!
//! A policy's patterns are regular languages, so "is there a key outside the folder that some Allow covers and no Deny
//! takes away?" has a certain answer. Where the answer depends on more than names, the worse is assumed: conditions of an
//! Allow count as met and those of a Deny as not met, except `oss:Prefix`, which is what confines listings.

mod actions;
pub(super) mod automaton;
mod listing;
pub(super) mod shape;

use std::collections::HashMap;

use super::document::{Actions, Effect, PolicyDocument, Statement};
use super::pattern::ResourcePattern;
use actions::{Kind, remaining};
use automaton::{Glob, TooComplex, beginning, glob, literal, shortest};
use shape::{BucketShape, ObjectShape, SPARE};

/// The service in a request's resource, where others have `bucket` or `bucket/key`.
const SERVICE: &str = "*";

/// Where a token must stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds<'a> {
    pub bucket: &'a str,
    /// What every key must begin with; the empty prefix is the whole bucket.
    pub prefix: &'a str,
    /// The one key of the folder that may be written, where the server chooses it.
    pub only_key: Option<&'a str>,
}

/// How a policy escapes; the shortest way that there is for its statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Escape {
    #[error("Statement[{statement}] allows {action} on the key {key:?} of the bucket {bucket}")]
    Object { statement: usize, action: String, bucket: String, key: String },
    #[error("Statement[{statement}] allows {action} on the bucket {bucket}")]
    Bucket { statement: usize, action: String, bucket: String },
    #[error(
        "Statement[{statement}] allows {action} {}: give it a condition on oss:Prefix (StringLike) that stays in the folder",
        .prefix.as_ref().map_or("without a prefix".to_owned(), |prefix| format!("with the prefix {prefix:?}"))
    )]
    Listing { statement: usize, action: String, prefix: Option<String> },
    #[error("Statement[{statement}] allows {action} on the service itself, which is all buckets together")]
    Service { statement: usize, action: String },
    #[error("Statement[{statement}] allows {action} on resources that are neither buckets nor objects")]
    OtherService { statement: usize, action: String },
    #[error("Statement[{statement}] has patterns of more states than can be searched: write it more simply")]
    TooComplex { statement: usize },
}

/// Proves that a token with `policy` touches nothing outside of `bounds`, whatever its role may do.
///
/// Seeing a bucket's region and owner (`GetBucketInfo`, `GetBucketLocation`) is no escape; any other action on the bucket
/// is, but for listings whose `oss:Prefix` stays in the folder.
///
/// # Errors
/// [`Escape`] of the first statement that escapes.
pub fn reach(policy: &PolicyDocument, bounds: &Bounds<'_>) -> Result<(), Escape> {
    let denies: Vec<Deny<'_>> = policy.statements.iter().flat_map(Deny::of).collect();
    let allows = policy.statements.iter().enumerate().filter(|(_, statement)| statement.effect == Effect::Allow);
    for (statement, allow) in allows {
        let search = Search { statement, allow, policy, denies: &denies, bounds };
        match search.escape() {
            Ok(None) => {}
            Ok(Some(escape)) => return Err(escape),
            Err(TooComplex) => return Err(Escape::TooComplex { statement }),
        }
    }
    Ok(())
}

/// One resource of a Deny without conditions, in whatever region and account.
struct Deny<'a> {
    actions: &'a Actions,
    resource: Glob,
    /// Whether it covers the service itself.
    service: bool,
}

impl<'a> Deny<'a> {
    fn of(statement: &'a Statement) -> Vec<Self> {
        if statement.effect != Effect::Deny || !statement.conditions.is_empty() {
            return Vec::new();
        }
        let certain = |pattern: &&ResourcePattern| pattern.may_be_of_oss() && pattern.is_of_every_account();
        let resources = statement.resources.iter().filter(certain);
        let deny = |pattern| Self {
            actions: &statement.actions,
            resource: id_glob(pattern),
            service: pattern.relative_id().matches(SERVICE),
        };
        resources.map(deny).collect()
    }
}

/// One Allow, looked at for a way out.
struct Search<'a> {
    statement: usize,
    allow: &'a Statement,
    policy: &'a PolicyDocument,
    denies: &'a [Deny<'a>],
    bounds: &'a Bounds<'a>,
}

impl Search<'_> {
    fn escape(&self) -> Result<Option<Escape>, TooComplex> {
        if !self.allow.resources.iter().all(ResourcePattern::is_of_oss_alone) {
            let found = match actions::of_another_service(&self.allow.actions)? {
                None => remaining(&self.allow.actions, &[], Kind::OnNeither)?,
                found => found,
            };
            if let Some(action) = found {
                return Ok(Some(Escape::OtherService { statement: self.statement, action }));
            }
        }
        for resource in self.allow.resources.iter().filter(|resource| resource.may_be_of_oss()) {
            if let Some(escape) = self.object(resource)? {
                return Ok(Some(escape));
            }
            if let Some(escape) = self.bucket(resource)? {
                return Ok(Some(escape));
            }
            if let Some(escape) = self.service(resource)? {
                return Ok(Some(escape));
            }
        }
        listing::escape(self.statement, self.allow, self.policy, self.bounds.bucket, self.bounds.prefix)
    }

    /// An object outside of the folder, or one that is not the only key and can be written.
    fn object(&self, resource: &ResourcePattern) -> Result<Option<Escape>, TooComplex> {
        let Bounds { bucket, prefix, only_key } = *self.bounds;
        let only = only_key.map_or_else(Vec::new, |key| literal(&format!("{bucket}/{key}")));
        let own = vec![id_glob(resource), beginning(&format!("{bucket}/{prefix}")), only];
        let found = self.search(&ObjectShape, own, |own| match *own {
            [true, false, _] => Some(Kind::OnObject),
            [true, true, false] => only_key.map(|_| Kind::WritesObject),
            _ => None,
        })?;
        Ok(found.and_then(|(id, action)| {
            let (bucket, key) = id.split_once('/')?;
            let (bucket, key) = (bucket.to_owned(), key.to_owned());
            Some(Escape::Object { statement: self.statement, action, bucket, key })
        }))
    }

    /// A bucket that can be changed or asked about itself; listings of the own bucket aside.
    fn bucket(&self, resource: &ResourcePattern) -> Result<Option<Escape>, TooComplex> {
        let own = vec![id_glob(resource), literal(self.bounds.bucket)];
        let found = self.search(&BucketShape, own, |own| match *own {
            [true, true] => Some(Kind::OnOwnBucket),
            [true, false] => Some(Kind::OnOtherBucket),
            _ => None,
        })?;
        Ok(found.map(|(bucket, action)| Escape::Bucket { statement: self.statement, action, bucket }))
    }

    /// The service itself, which stands as `*` where others have the bucket's name: `?` covers it and no bucket.
    fn service(&self, resource: &ResourcePattern) -> Result<Option<Escape>, TooComplex> {
        if !resource.relative_id().matches(SERVICE) {
            return Ok(None);
        }
        let taken: Vec<&Actions> = self.denies.iter().filter(|deny| deny.service).map(|deny| deny.actions).collect();
        let found = remaining(&self.allow.actions, &taken, Kind::OnNeither)?;
        Ok(found.map(|action| Escape::Service { statement: self.statement, action }))
    }

    /// The shortest name for which `kind` tells, by its matches of `own`, which actions would escape, and for which such
    /// an action is left by the Denies; with that action. The first of `own` is the resource, which must match.
    fn search<S: automaton::Shape>(
        &self,
        shape: &S,
        own: Vec<Glob>,
        kind: impl Fn(&[bool]) -> Option<Kind>,
    ) -> Result<Option<(String, String)>, TooComplex> {
        let own_count = own.len();
        let mut globs = own;
        globs.extend(self.denies.iter().map(|deny| deny.resource.clone()));
        let mut known: HashMap<(Kind, Vec<bool>), Option<String>> = HashMap::new();
        shortest(shape, &globs, 1, SPARE, |matched| {
            let (own, denied) = matched.split_at(own_count);
            let Some(kind) = kind(own) else { return Ok(None) };
            if let Some(action) = known.get(&(kind, denied.to_vec())) {
                return Ok(action.clone());
            }
            let taken = self.denies.iter().zip(denied).filter(|(_, matched)| **matched).map(|(deny, _)| deny.actions);
            let action = remaining(&self.allow.actions, &taken.collect::<Vec<_>>(), kind)?;
            known.insert((kind, denied.to_vec()), action.clone());
            Ok(action)
        })
    }
}

/// `bucket/key`, `bucket` or wildcards, as symbols.
fn id_glob(pattern: &ResourcePattern) -> Glob {
    glob(pattern.relative_id().as_str())
}
