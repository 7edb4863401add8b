//! Which actions of an Allow are left once Denies have taken theirs away, and what kind of action each is.

use super::automaton::{Glob, TooComplex, beginning, glob, literal, shortest};
use super::shape::{ActionShape, SPARE};
use crate::ram::document::Actions;

/// Actions on a bucket that name its objects, confined by `oss:Prefix`.
pub(super) const LISTINGS: &[&str] = &["oss:ListObjects", "oss:ListObjectVersions", "oss:ListMultipartUploads"];

/// Actions on a bucket that tell nothing of anybody's objects.
const HARMLESS: &[&str] = &["oss:GetBucketInfo", "oss:GetBucketLocation"];

/// Actions on an object that change nothing.
const READS: &[&str] = &[
    "oss:GetObject",
    "oss:GetObjectAcl",
    "oss:GetObjectTagging",
    "oss:GetObjectVersion",
    "oss:GetObjectVersionAcl",
    "oss:GetObjectVersionTagging",
    "oss:ListParts",
];

/// Actions on an object that change it.
const WRITES: &[&str] = &[
    "oss:PutObject",
    "oss:DeleteObject",
    "oss:AbortMultipartUpload",
    "oss:PutObjectAcl",
    "oss:PutObjectTagging",
    "oss:DeleteObjectTagging",
    "oss:RestoreObject",
    "oss:SealAppendObject",
    "oss:PostProcessTask",
    "oss:DeleteObjectVersion",
    "oss:DeleteObjectVersionTagging",
    "oss:PutObjectVersionAcl",
    "oss:PutObjectVersionTagging",
    "oss:RestoreObjectVersion",
];

/// What a resource makes of actions: those that exist for it and matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// On objects: all but those on buckets alone.
    OnObject,
    /// As `OnObject`, but for reads.
    WritesObject,
    /// On the own bucket: all but those on objects, listings, and the harmless.
    OnOwnBucket,
    /// On another bucket: all but those on objects.
    OnOtherBucket,
    /// On the service itself, or on what is neither bucket nor object (vectors, whose actions begin with `oss:`, too): all
    /// but those on buckets and objects that are known.
    OnNeither,
}

impl Kind {
    fn left_out(self) -> Vec<&'static [&'static str]> {
        match self {
            Self::OnObject => vec![LISTINGS, HARMLESS],
            Self::WritesObject => vec![LISTINGS, HARMLESS, READS],
            Self::OnOwnBucket => vec![READS, WRITES, LISTINGS, HARMLESS],
            Self::OnOtherBucket => vec![READS, WRITES],
            Self::OnNeither => vec![READS, WRITES, LISTINGS, HARMLESS],
        }
    }
}

/// An action of OSS of this kind that `allowed` has and none of `denied`; a well-known one if there is one.
pub(super) fn remaining(allowed: &Actions, denied: &[&Actions], kind: Kind) -> Result<Option<String>, TooComplex> {
    let left_out = kind.left_out();
    let is_left_out = |action: &str| left_out.iter().any(|list| list.contains(&action));
    let known = [WRITES, READS, LISTINGS, HARMLESS].into_iter().flatten().copied();
    let is_left = |action: &str| allowed.matches(action) && !denied.iter().any(|denied| denied.matches(action));
    if let Some(action) = known.into_iter().find(|action| !is_left_out(action) && is_left(action)) {
        return Ok(Some(action.to_owned()));
    }
    let mut others = vec![beginning("oss:")];
    let exempt: Vec<Glob> = left_out.iter().copied().flatten().map(|action| lower_literal(action)).collect();
    let exempt_count = exempt.len();
    others.extend(exempt);
    search(allowed, denied, others, |own| own[0] && !own[1..=exempt_count].contains(&true))
}

/// An action of another service that `allowed` has.
pub(super) fn of_another_service(allowed: &Actions) -> Result<Option<String>, TooComplex> {
    search(allowed, &[], vec![beginning("oss:")], |own| !own[0])
}

/// The shortest action that `allowed` has, none of `denied` has, and `fits` by its matches of `own`.
fn search(
    allowed: &Actions,
    denied: &[&Actions],
    own: Vec<Glob>,
    fits: impl Fn(&[bool]) -> bool,
) -> Result<Option<String>, TooComplex> {
    let own_count = own.len();
    let mut globs = own;
    let sides: Vec<(usize, usize, bool)> = std::iter::once(allowed)
        .chain(denied.iter().copied())
        .map(|actions| {
            let (patterns, all_but) = match actions {
                Actions::Only(patterns) => (patterns, false),
                Actions::AllBut(patterns) => (patterns, true),
            };
            let begin = globs.len();
            globs.extend(patterns.iter().map(|pattern| glob(&pattern.as_str().to_ascii_lowercase())));
            (begin, globs.len(), all_but)
        })
        .collect();
    let found = shortest(&ActionShape, &globs, 0, SPARE, |matched| {
        let has = |&(begin, end, all_but): &(usize, usize, bool)| matched[begin..end].contains(&true) != all_but;
        let mut sides = sides.iter().map(has);
        let allowed = sides.next().unwrap_or(false);
        Ok((allowed && !sides.any(|denied| denied) && fits(&matched[..own_count])).then_some(()))
    })?;
    Ok(found.map(|(action, ())| action))
}

fn lower_literal(action: &str) -> Glob {
    literal(&action.to_ascii_lowercase())
}
