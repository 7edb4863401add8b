//! One value of each class that the conditions on one key cannot tell apart, so that trying these is trying all.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::condition::{Condition, Kind};
use super::network::Network;
use super::reach::automaton::{Glob, TooComplex, classes, glob, literal};
use super::reach::shape::{PrefixShape, SPARE};

/// Values that stand for all there are. The conditions are on the same key.
///
/// # Errors
/// [`TooComplex`] also where they read one value as things of different kinds, as text and as a number: `5.0` equals 5 and
/// is another text, and which spellings there are is not searched.
pub(super) fn telling_apart(conditions: &[&Condition]) -> Result<Vec<String>, TooComplex> {
    let mut families: Vec<Kind> = conditions.iter().map(|condition| family(condition)).collect();
    families.dedup();
    let [family] = families[..] else { return Err(TooComplex) };
    let texts = || conditions.iter().flat_map(|condition| condition.values());
    let mut values: Vec<String> = match family {
        Kind::Text | Kind::Like => return matched(conditions),
        Kind::TextIgnoreCase => texts().map(str::to_lowercase).chain([unlike(texts())]).collect(),
        Kind::Number => texts().filter_map(|text| text.parse().ok()).flat_map(around_number).collect(),
        Kind::Date => {
            texts().filter_map(|text| OffsetDateTime::parse(text, &Rfc3339).ok()).flat_map(around_date).collect()
        }
        Kind::Bool => vec!["true".to_owned(), "false".to_owned()],
        Kind::Address => {
            // The world begins with the first address of each kind; then something changes at the edges of blocks alone.
            let edges = texts().filter_map(Network::parse).flat_map(|block| block.edges().collect::<Vec<_>>());
            edges.map(|address| address.to_string()).chain(["0.0.0.0", "::"].map(str::to_owned)).collect()
        }
    };
    // What is not of the operator's kind is a class of its own, for which a Deny applies.
    values.push(String::new());
    values.sort();
    values.dedup();
    Ok(values)
}

/// Texts with and without wildcards are compared alike.
fn family(condition: &Condition) -> Kind {
    match condition.operator().kind() {
        Kind::Like => Kind::Text,
        kind => kind,
    }
}

/// A text for each combination of patterns and whole values that there is.
fn matched(conditions: &[&Condition]) -> Result<Vec<String>, TooComplex> {
    let read = |condition: &&Condition| -> Vec<Glob> {
        let like = condition.operator().kind() == Kind::Like;
        condition.values().map(|value| if like { glob(value) } else { literal(value) }).collect()
    };
    let mut globs: Vec<Glob> = conditions.iter().flat_map(read).collect();
    globs.sort_by_key(|glob| format!("{glob:?}"));
    globs.dedup();
    Ok(classes(&PrefixShape, &globs, SPARE)?.into_iter().map(|(text, _)| text).collect())
}

/// A text that is none of `texts`, in whatever case.
fn unlike<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let longest = texts.map(|text| text.to_lowercase().chars().count()).max().unwrap_or_default();
    "x".repeat(longest + 1)
}

/// A number and the nearest ones that there are on both sides: between two of a policy's there is nothing else to tell apart.
fn around_number(number: f64) -> impl Iterator<Item = String> {
    let near = [number.next_down(), number, number.next_up()];
    near.into_iter().filter(|number| number.is_finite()).map(|number| format!("{number:e}"))
}

/// As [`around_number`], for times, which are read to the nanosecond.
fn around_date(date: OffsetDateTime) -> impl Iterator<Item = String> {
    let near = [-1, 0, 1].map(|nanosecond| date.checked_add(Duration::nanoseconds(nanosecond)));
    near.into_iter().flatten().filter_map(|date| date.format(&Rfc3339).ok())
}
