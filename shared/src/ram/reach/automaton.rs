//! Wildcard patterns run side by side over one text, so that the shortest text with a wanted combination of matches is
//! found, or proven not to exist.

use std::collections::HashSet;
use std::hash::Hash;

/// One symbol of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ram) enum Symbol {
    Is(char),
    /// `?`: any one character.
    One,
    /// `*`: any run of characters.
    Many,
}

/// A pattern as symbols.
pub(in crate::ram) type Glob = Vec<Symbol>;

/// `*` and `?` are wildcards.
pub(in crate::ram) fn glob(pattern: &str) -> Glob {
    let symbol = |c| match c {
        '*' => Symbol::Many,
        '?' => Symbol::One,
        c => Symbol::Is(c),
    };
    pattern.chars().map(symbol).collect()
}

/// Every character stands for itself.
pub(in crate::ram) fn literal(text: &str) -> Glob {
    text.chars().map(Symbol::Is).collect()
}

/// The texts that begin with `text`.
pub(in crate::ram) fn beginning(text: &str) -> Glob {
    let mut glob = literal(text);
    glob.push(Symbol::Many);
    glob
}

/// More states than a policy of 2048 characters needs, unless it was made to need them.
const MAX_STATES: usize = 50_000;

/// The search was given up: the patterns have too many states.
#[derive(Debug)]
pub(in crate::ram) struct TooComplex;

/// What texts may look like at all: an automaton over characters. `None` from `step` ends a text that is none.
pub(in crate::ram) trait Shape {
    type State: Clone + Eq + Hash;
    fn start(&self) -> Self::State;
    fn step(&self, state: &Self::State, c: char) -> Option<Self::State>;
    /// Characters that lead on though no glob names them.
    fn marks(&self) -> &'static [char];
    /// Whether a text may end here.
    fn complete(&self, state: &Self::State) -> bool;
}

/// Where one glob may be: the positions that are still possible, in order.
type Positions = Vec<u16>;
/// Where all globs are, and the shape.
type Place<S> = (Vec<Positions>, S);

/// The shortest text of this shape for which `wanted`, asked of the globs' matches, gives something; with what it gave.
///
/// The first `needed` globs must match: a text with which one of them cannot any more is not followed. Each of `spare` is a kind of characters, of which the first that no glob names stands for all the others.
pub(in crate::ram) fn shortest<S: Shape, T>(
    shape: &S,
    globs: &[Glob],
    needed: usize,
    spare: &str,
    mut wanted: impl FnMut(&[bool]) -> Result<Option<T>, TooComplex>,
) -> Result<Option<(String, T)>, TooComplex> {
    search(shape, globs, needed, spare, |matched, text| Ok(wanted(matched)?.map(|given| (text(), given))))
}

/// The shortest text of this shape for each combination of the globs' matches that there is.
pub(in crate::ram) fn classes<S: Shape>(
    shape: &S,
    globs: &[Glob],
    spare: &str,
) -> Result<Vec<(String, Vec<bool>)>, TooComplex> {
    let mut known = HashSet::new();
    let mut found = Vec::new();
    search(shape, globs, 0, spare, |matched, text| {
        if known.insert(matched.to_vec()) {
            found.push((text(), matched.to_vec()));
        }
        Ok(None::<()>)
    })?;
    Ok(found)
}

/// Shows `visit` each place that a text may end at, shortest texts first, until it gives something.
fn search<S: Shape, T>(
    shape: &S,
    globs: &[Glob],
    needed: usize,
    spare: &str,
    mut visit: impl FnMut(&[bool], &dyn Fn() -> String) -> Result<Option<T>, TooComplex>,
) -> Result<Option<T>, TooComplex> {
    let alphabet = Alphabet::of(globs, spare);
    let start: Place<S::State> = (globs.iter().map(|glob| closed(glob, vec![0])).collect(), shape.start());
    let mut seen = HashSet::from([start.clone()]);
    // The places found so far, each with the one before it and the character between them.
    let mut found = vec![(start, 0, ' ')];
    let mut next_up = 0;
    while let Some((place, ..)) = found.get(next_up).cloned() {
        if shape.complete(&place.1) {
            let matched: Vec<bool> = globs.iter().zip(&place.0).map(|(glob, at)| is_match(glob, at)).collect();
            if let Some(given) = visit(&matched, &|| text_of(&found, next_up))? {
                return Ok(Some(given));
            }
        }
        for c in alphabet.at(globs, &place.0, shape.marks()) {
            let Some(state) = shape.step(&place.1, c) else { continue };
            let positions: Vec<Positions> = globs.iter().zip(&place.0).map(|(glob, at)| stepped(glob, at, c)).collect();
            if positions.iter().take(needed).any(Vec::is_empty) {
                continue;
            }
            let next = (positions, state);
            if seen.insert(next.clone()) {
                if found.len() == MAX_STATES {
                    return Err(TooComplex);
                }
                found.push((next, next_up, c));
            }
        }
        next_up += 1;
    }
    Ok(None)
}

/// The characters that can tell globs apart.
struct Alphabet {
    /// Stands for all that no glob names.
    spare: Option<char>,
    named: Vec<char>,
}

impl Alphabet {
    fn of(globs: &[Glob], spare: &str) -> Self {
        let mut named: Vec<char> = globs.iter().flatten().filter_map(Symbol::character).collect();
        named.sort_unstable();
        named.dedup();
        Self { spare: spare.chars().find(|c| named.binary_search(c).is_err()), named }
    }

    /// Those that make a difference at these positions. What is named elsewhere only is like the spare one here, as long
    /// as that may stand wherever a name's letters may.
    fn at(&self, globs: &[Glob], place: &[Positions], marks: &[char]) -> Vec<char> {
        let mut here: Vec<char> = self.spare.into_iter().collect();
        if !self.spare.is_some_and(|c| c.is_ascii_alphanumeric()) {
            here.extend(&self.named);
            return here;
        }
        here.extend(marks);
        for (glob, at) in globs.iter().zip(place) {
            let symbols = at.iter().filter_map(|&position| glob.get(usize::from(position)));
            here.extend(symbols.filter_map(Symbol::character));
        }
        here
    }
}

impl Symbol {
    fn character(&self) -> Option<char> {
        match self {
            Self::Is(c) => Some(*c),
            Self::One | Self::Many => None,
        }
    }
}

fn stepped(glob: &[Symbol], at: &[u16], c: char) -> Positions {
    let mut next = Vec::with_capacity(at.len());
    for &position in at {
        match glob.get(usize::from(position)) {
            Some(Symbol::Many) => next.push(position),
            Some(Symbol::One) => next.push(position + 1),
            Some(Symbol::Is(wanted)) if *wanted == c => next.push(position + 1),
            _ => {}
        }
    }
    closed(glob, next)
}

/// Adds what can be reached without a character. A `*` takes in whatever the positions before its own would, so they go.
fn closed(glob: &[Symbol], at: Positions) -> Positions {
    let mut all = at;
    let mut next = 0;
    while let Some(&position) = all.get(next) {
        if glob.get(usize::from(position)) == Some(&Symbol::Many) {
            all.push(position + 1);
        }
        next += 1;
    }
    all.sort_unstable();
    all.dedup();
    let star = all.iter().rposition(|&position| glob.get(usize::from(position)) == Some(&Symbol::Many));
    all.drain(..star.unwrap_or(0));
    all
}

fn is_match(glob: &[Symbol], at: &[u16]) -> bool {
    at.last().is_some_and(|&last| usize::from(last) == glob.len())
}

fn text_of<P>(found: &[(P, usize, char)], index: usize) -> String {
    let mut text = Vec::new();
    let mut at = index;
    while at != 0 {
        text.push(found[at].2);
        at = found[at].1;
    }
    text.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ram::pattern::{Case, Pattern};
    use proptest::prelude::*;

    struct Any;
    impl Shape for Any {
        type State = ();
        fn start(&self) {}
        fn step(&self, (): &(), _: char) -> Option<()> {
            Some(())
        }
        fn marks(&self) -> &'static [char] {
            &[]
        }
        fn complete(&self, (): &()) -> bool {
            true
        }
    }

    /// The texts of at most five characters over what the patterns can tell apart, shortest first.
    fn texts() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..5 {
            let until = all.len();
            for index in from..until {
                for c in ['z', 'a', 'b', '/'] {
                    all.push(format!("{}{c}", all[index]));
                }
            }
            from = until;
        }
        all
    }

    proptest! {
        #[test]
        fn finds_a_shortest_text_where_trying_all_finds_one(inside in "[ab*?/]{0,4}", outside in "[ab*?/]{0,4}") {
            let globs = [glob(&inside), glob(&outside)];
            let tells = |matched: &[bool]| Ok((matched[0] && !matched[1]).then_some(()));
            let found = shortest(&Any, &globs, 1, "z", tells).unwrap().map(|(text, ())| text);
            let (inside, outside) = (Pattern::new(&inside, Case::Sensitive), Pattern::new(&outside, Case::Sensitive));
            let differs = |text: &str| inside.matches(text) && !outside.matches(text);
            let tried = texts().into_iter().find(|text| differs(text));
            prop_assert!(found.as_deref().is_none_or(differs), "{found:?} does not tell them apart");
            let length = |text: &Option<String>| text.as_ref().map(|text| text.chars().count());
            if tried.is_some() {
                prop_assert_eq!(length(&found), length(&tried));
            }
        }
    }

    #[test]
    fn patterns_made_to_be_costly_are_given_up() {
        let costly = glob(&format!("*a{}", "?".repeat(40)));
        assert!(shortest(&Any, &[costly], 0, "z", |_| Ok(None::<()>)).is_err());
    }
}
