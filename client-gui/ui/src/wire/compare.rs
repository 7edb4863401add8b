//! Two texts that should be one: where they first differ.

/// Where two texts first differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The line, from 0.
    pub line: usize,
    /// How many bytes of that line are alike, in whole characters.
    pub column: usize,
}

/// The first difference; `None` when the texts are equal.
pub fn difference(ours: &str, theirs: &str) -> Option<Difference> {
    if ours == theirs {
        return None;
    }
    let alike = ours.chars().zip(theirs.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let before: &str = ours.get(..alike).unwrap_or_default();
    let line = before.matches('\n').count();
    Some(Difference { line, column: before.len() - before.rfind('\n').map_or(0, |at| at + 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_found_within_its_line() {
        for (ours, theirs, wanted) in [
            ("a\nb", "a\nb", None),
            ("", "x", Some((0, 0))),
            ("GET\ntext/plain", "GET\ntext/html", Some((1, 5))),
            ("雪山", "雪地", Some((0, 3))),
            ("a\n", "a", Some((0, 1))),
            ("a\n\nb", "a\n\nc", Some((2, 0))),
        ] {
            let found = difference(ours, theirs).map(|found| (found.line, found.column));
            assert_eq!(found, wanted, "{ours:?} {theirs:?}");
            assert_eq!(found, difference(theirs, ours).map(|found| (found.line, found.column)), "both ways");
        }
    }
}
