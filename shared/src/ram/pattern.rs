//! Wildcard patterns of RAM: `*` is any run of characters (it crosses `/`), `?` is exactly one character.

use std::fmt;
use std::str::Chars;

/// Whether letter case counts. Actions ignore it; resources and `StringLike` do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Sensitive,
    Insensitive,
}

/// A wildcard pattern over characters, not bytes: `?` matches one CJK character or emoji.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    source: String,
    symbols: Vec<char>,
    case: Case,
}

impl Pattern {
    pub fn new(source: &str, case: Case) -> Self {
        Self { source: source.to_owned(), symbols: fold(source, case), case }
    }

    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// True when the pattern is `*` alone.
    pub fn is_any(&self) -> bool {
        self.source == "*"
    }

    /// Whether the whole of `text` matches. At most `pattern × text` steps: only the last `*` is ever retried.
    pub fn matches(&self, text: &str) -> bool {
        glob(&self.symbols, text, self.case)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn fold(text: &str, case: Case) -> Vec<char> {
    match case {
        Case::Sensitive => text.chars().collect(),
        Case::Insensitive => text.chars().map(|c| c.to_ascii_lowercase()).collect(),
    }
}

/// `pattern` is folded already; `text` is folded on the way, so that a decision allocates nothing.
fn glob(pattern: &[char], text: &str, case: Case) -> bool {
    let mut p = 0;
    let mut rest = text.chars();
    // Where to resume when a match after the last `*` fails: (pattern after the star, text that it has not swallowed).
    let mut resume: Option<(usize, Chars<'_>)> = None;
    loop {
        let mut after = rest.clone();
        let Some(next) = after.next() else { break };
        let next = if case == Case::Insensitive { next.to_ascii_lowercase() } else { next };
        match pattern.get(p) {
            // What ends in `*` takes the rest, whatever it is.
            Some('*') if p + 1 == pattern.len() => return true,
            Some('*') => {
                p += 1;
                resume = Some((p, rest.clone()));
            }
            Some(&symbol) if symbol == '?' || symbol == next => {
                p += 1;
                rest = after;
            }
            _ => {
                let Some((after_star, swallowed)) = &mut resume else { return false };
                swallowed.next();
                p = *after_star;
                rest = swallowed.clone();
            }
        }
    }
    pattern.iter().skip(p).all(|symbol| *symbol == '*')
}

const SEGMENTS: usize = 5;

/// A resource pattern `acs:service:region:account:relative-id`, matched segment by segment.
///
/// Matching segment by segment keeps a `*` that stands for the account from reaching into the relative id: on the whole
/// string `acs:oss:*:*:mine/*` would also match object `x:mine/key` of the bucket `other`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePattern {
    source: String,
    segments: [Pattern; SEGMENTS],
}

impl ResourcePattern {
    /// `None` when `source` has fewer than five segments and does not end in a segment `*` (as `*` and `acs:oss:*` do).
    pub fn parse(source: &str) -> Option<Self> {
        let given: Vec<&str> = source.splitn(SEGMENTS, ':').collect();
        if given.len() < SEGMENTS && given.last() != Some(&"*") {
            return None;
        }
        let segments = std::array::from_fn(|i| Pattern::new(given.get(i).copied().unwrap_or("*"), Case::Sensitive));
        Some(Self { source: source.to_owned(), segments })
    }

    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The narrowest pattern for the resource `id` (`bucket/key`) alone: no wildcard is itself in a policy, and of a `*` in a key
    /// a `?` covers no more than one character.
    pub fn narrowest(id: &str) -> String {
        let id = if id == "*" { id.to_owned() } else { id.replace('*', "?") };
        format!("acs:oss:*:*:{id}")
    }

    /// The part after the account: `bucket`, `bucket/prefix*` or `*`.
    pub fn relative_id(&self) -> &Pattern {
        &self.segments[SEGMENTS - 1]
    }

    /// The parts for the region and for the account.
    pub(super) fn region_and_account(&self) -> [&Pattern; 2] {
        [&self.segments[2], &self.segments[3]]
    }

    /// Whether a resource of OSS may match.
    pub fn may_be_of_oss(&self) -> bool {
        self.segments[0].matches("acs") && self.segments[1].matches("oss")
    }

    /// Whether only resources of OSS match.
    pub fn is_of_oss_alone(&self) -> bool {
        self.segments[1].as_str() == "oss"
    }

    /// Whether its region and account leave nothing out.
    pub fn is_of_every_account(&self) -> bool {
        self.segments[2].is_any() && self.segments[3].is_any()
    }

    /// `resource` as `acs:oss:*:1234:bucket/key`; segments that it lacks count as empty.
    pub fn matches(&self, resource: &str) -> bool {
        let mut given = resource.splitn(SEGMENTS, ':');
        self.segments.iter().all(|pattern| {
            let segment = given.next().unwrap_or_default();
            pattern.is_any() || pattern.matches(segment)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => naive(rest, text) || (!text.is_empty() && naive(pattern, &text[1..])),
            (Some((p, rest)), Some((t, tail))) => (*p == '?' || p == t) && naive(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_naive_reference(pattern in "[ab*?/文]{0,8}", text in "[ab*?/文]{0,10}") {
            let expected = naive(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(Pattern::new(&pattern, Case::Sensitive).matches(&text), expected);
        }
    }

    #[test]
    fn no_exponential_backtracking() {
        let pattern = Pattern::new(&"*a".repeat(200), Case::Sensitive);
        assert!(!pattern.matches(&format!("{}b", "a".repeat(4_000))));
    }

    #[test]
    fn case_and_characters() {
        assert!(Pattern::new("oss:put*", Case::Insensitive).matches("OSS:PutObject"));
        assert!(!Pattern::new("User1/*", Case::Sensitive).matches("user1/a"));
        assert!(Pattern::new("a?b", Case::Sensitive).matches("a图b"));
    }

    #[test]
    fn resources_match_by_segment() {
        let cases = [
            ("*", "acs:oss:*:1:b/k", true),
            ("acs:oss:*", "acs:oss:*:1:b/k", true),
            ("acs:oss:*:*:*", "acs:oss:*:1:*", true),
            ("acs:oss:*:*:b/*", "acs:oss:*:1:b/a/deep:er", true),
            ("acs:oss:*:*:b/*", "acs:oss:*:1:b", false),
            ("acs:oss:*:*:b", "acs:oss:*:1:b/k", false),
            ("acs:oss:*:*:b/*", "acs:oss:*:1:other/x:b/k", false),
            ("acs:oss:*:*:b/u1/*", "acs:oss:*:1:b/U1/k", false),
            ("acs:oss:*:2:b/*", "acs:oss:*:1:b/k", false),
        ];
        for (pattern, resource, expected) in cases {
            let parsed = ResourcePattern::parse(pattern).unwrap();
            assert_eq!(parsed.matches(resource), expected, "{pattern} on {resource}");
        }
        for malformed in ["", "b/*", "acs:oss:*:b/*", "acs:oss:x"] {
            assert!(ResourcePattern::parse(malformed).is_none(), "{malformed}");
        }
    }
}
