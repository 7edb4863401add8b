//! Wildcard patterns run side by side over one text, so that the shortest text with a wanted combination of matches is
//! found, or proven not to exist.

use std::collections::HashSet;
use std::hash::Hash;
use std::rc::Rc;

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

/// `*` and `?` are wildcards. A run of `*` is one.
pub(in crate::ram) fn glob(pattern: &str) -> Glob {
    let symbol = |c| match c {
        '*' => Symbol::Many,
        '?' => Symbol::One,
        c => Symbol::Is(c),
    };
    let mut glob: Glob = pattern.chars().map(symbol).collect();
    glob.dedup_by(|next, last| (*next, *last) == (Symbol::Many, Symbol::Many));
    glob
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
/// More positions in all states together; what bounds the memory of a search (4 bytes each) and its time.
const MAX_POSITIONS: usize = 2_000_000;

/// More symbols than a name has, and more patterns than a policy; both are counted in 16 bits.
const MAX_SYMBOLS: usize = 20_000;

/// The search was given up: the patterns are too long or have too many states.
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

/// Where the globs may be: the index of each glob that can still match, with each position that is still possible in it, in order.
type Positions = Vec<(u16, u16)>;
/// Where all globs are, and the shape.
type Place<S> = (Positions, S);

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
    if globs.len() > MAX_SYMBOLS || globs.iter().any(|glob| glob.len() > MAX_SYMBOLS) {
        return Err(TooComplex);
    }
    let alphabet = Alphabet::of(globs, spare);
    let indices = 0..u16::try_from(globs.len()).map_err(|_| TooComplex)?;
    let start: Rc<Place<S::State>> = Rc::new((closed(globs, indices.map(|glob| (glob, 0)).collect()), shape.start()));
    let mut seen = HashSet::from([Rc::clone(&start)]);
    let mut positions_left = MAX_POSITIONS;
    // The places found so far, each with the one before it and the character between them.
    let mut found = vec![(start, 0, ' ')];
    let mut next_up = 0;
    while let Some(place) = found.get(next_up).map(|(place, ..)| Rc::clone(place)) {
        if shape.complete(&place.1)
            && let Some(given) = visit(&matches(globs, &place.0), &|| text_of(&found, next_up))?
        {
            return Ok(Some(given));
        }
        for c in alphabet.at(globs, &place.0, shape.marks()) {
            let Some(state) = shape.step(&place.1, c) else { continue };
            let positions = stepped(globs, &place.0, c);
            let is_alive = |glob: usize| positions.iter().any(|&(other, _)| usize::from(other) == glob);
            if !(0..needed).all(is_alive) {
                continue;
            }
            let next = Rc::new((positions, state));
            if seen.insert(Rc::clone(&next)) {
                positions_left = positions_left.checked_sub(next.0.len()).ok_or(TooComplex)?;
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
        // A policy may name all of `spare`, and there is always another character.
        let mut any = spare.chars().chain('\u{4e00}'..='\u{9fff}').chain('\u{10000}'..=char::MAX);
        Self { spare: any.find(|c| named.binary_search(c).is_err()), named }
    }

    /// Those that make a difference at these positions. What is named elsewhere only is like the spare one here, as long
    /// as that may stand wherever a name's letters may.
    fn at(&self, globs: &[Glob], place: &Positions, marks: &[char]) -> Vec<char> {
        let mut here: Vec<char> = self.spare.into_iter().collect();
        if !self.spare.is_some_and(|c| c.is_ascii_alphanumeric()) {
            here.extend(&self.named);
            here.extend(marks);
            return here;
        }
        here.extend(marks);
        here.extend(place.iter().filter_map(|&at| symbol(globs, at)).filter_map(|symbol| symbol.character()));
        here.sort_unstable();
        // The spare one comes first, for names that are easy to read.
        here.sort_by_key(|c| Some(*c) != self.spare);
        here.dedup();
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

/// The symbol at a position; `None` at the end of its glob.
fn symbol(globs: &[Glob], (glob, position): (u16, u16)) -> Option<Symbol> {
    globs.get(usize::from(glob))?.get(usize::from(position)).copied()
}

fn stepped(globs: &[Glob], at: &Positions, c: char) -> Positions {
    let mut next = Vec::with_capacity(at.len());
    for &(glob, position) in at {
        match symbol(globs, (glob, position)) {
            Some(Symbol::Many) => next.push((glob, position)),
            Some(Symbol::One) => next.push((glob, position + 1)),
            Some(Symbol::Is(wanted)) if wanted == c => next.push((glob, position + 1)),
            _ => {}
        }
    }
    closed(globs, next)
}

/// Adds what can be reached without a character. A `*` takes in whatever the positions before its own would, so they go.
fn closed(globs: &[Glob], at: Positions) -> Positions {
    let mut all = at;
    let mut next = 0;
    while let Some(&(glob, position)) = all.get(next) {
        if symbol(globs, (glob, position)) == Some(Symbol::Many) {
            all.push((glob, position + 1));
        }
        next += 1;
    }
    all.sort_unstable();
    all.dedup();
    // From behind: once a glob's last `*` is passed, what is left of that glob stands before it.
    let mut star = None;
    let mut kept: Positions = Vec::with_capacity(all.len());
    for &(glob, position) in all.iter().rev() {
        if star != Some(glob) {
            kept.push((glob, position));
        }
        if symbol(globs, (glob, position)) == Some(Symbol::Many) {
            star = Some(glob);
        }
    }
    kept.reverse();
    kept
}

/// For each glob, whether it matches a text that ends here.
fn matches(globs: &[Glob], at: &Positions) -> Vec<bool> {
    let mut matched = vec![false; globs.len()];
    for &(glob, position) in at {
        if let Some(glob_matches) = matched.get_mut(usize::from(glob))
            && symbol(globs, (glob, position)).is_none()
        {
            *glob_matches = true;
        }
    }
    matched
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
