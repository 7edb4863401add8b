//! Where in a policy's text each of its values stands, so that an editor can light it up.

use std::collections::HashMap;
use std::ops::Range;

/// JSON nested deeper than this is no policy.
const MAX_DEPTH: usize = 64;
/// The paths of a policy have fewer bytes together; those of a text with a long name around many values would fill the memory.
const MAX_PATHS: usize = 4 << 20;

/// The places of all values of one JSON text, by the paths that [`PolicyError`](super::PolicyError) uses:
/// `Statement[0].Condition.StringLike.oss:Prefix[1]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(HashMap<String, Range<usize>>);

impl Spans {
    /// Reads `text` as far as it is JSON; the places are byte offsets. A text that breaks off has the places before the break.
    pub fn read(text: &str) -> Self {
        let mut scan = Scan { text, at: 0, found: HashMap::new(), paths_left: MAX_PATHS };
        // What could not be read has no place; the parser's error says why.
        let _ = scan.value("", 0);
        Self(scan.found)
    }

    /// The place of the value at `path`, or else of the nearest value around it; `None` when the text has neither.
    pub fn of(&self, path: &str) -> Option<Range<usize>> {
        let mut path = path;
        loop {
            if let Some(range) = self.exactly(path) {
                return Some(range);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// The place of the value at `path` itself.
    pub fn exactly(&self, path: &str) -> Option<Range<usize>> {
        self.0.get(path).cloned()
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    found: HashMap<String, Range<usize>>,
    paths_left: usize,
}

impl Scan<'_> {
    fn peek(&mut self) -> Option<u8> {
        let blank = |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'\r' | b'\n');
        self.at += self.text.as_bytes().get(self.at..)?.iter().take_while(blank).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn value(&mut self, path: &str, depth: usize) -> Option<()> {
        let first = self.peek()?;
        let start = self.at;
        self.paths_left = self.paths_left.checked_sub(path.len())?;
        match first {
            _ if depth > MAX_DEPTH => return None,
            b'{' => self.members(b'}', |scan, _| {
                let key = scan.string()?;
                scan.take(b':')?;
                let path = if path.is_empty() { key } else { format!("{path}.{key}") };
                scan.value(&path, depth + 1)
            })?,
            b'[' => self.members(b']', |scan, index| scan.value(&format!("{path}[{index}]"), depth + 1))?,
            b'"' => drop(self.string()?),
            _ => {
                let word = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'-' | b'+' | b'.');
                self.at += self.text.as_bytes().get(self.at..)?.iter().take_while(word).count();
            }
        }
        // Of a name that is given twice the first counts; the parser refuses both.
        self.found.entry(path.to_owned()).or_insert(start..self.at);
        (self.at > start).then_some(())
    }

    /// What stands between brackets, one `member` after the other.
    fn members(&mut self, close: u8, mut member: impl FnMut(&mut Self, usize) -> Option<()>) -> Option<()> {
        self.at += 1;
        if self.peek()? == close {
            self.at += 1;
            return Some(());
        }
        for index in 0.. {
            member(self, index)?;
            if self.take(b',').is_none() {
                return self.take(close);
            }
        }
        None
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let start = self.at - 1;
        let mut escaped = false;
        for (offset, byte) in self.text.as_bytes().get(self.at..)?.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.at += offset + 1;
                    return serde_json::from_str(self.text.get(start..self.at)?).ok();
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_place() {
        let text = r#"{ "Statement": [ {"Effect":"Allow", "Action": ["a:\"b", "图"], "n": {"k.x": -1.5} } ], "Version": "1" }"#;
        let spans = Spans::read(text);
        for (path, wanted) in [
            ("Version", "\"1\""),
            ("Statement[0].Effect", "\"Allow\""),
            ("Statement[0].Action[0]", r#""a:\"b""#),
            ("Statement[0].Action[1]", "\"图\""),
            ("Statement[0].Action", r#"["a:\"b", "图"]"#),
            ("Statement[0].n.k.x", "-1.5"),
            ("Statement[0].n.none[3]", r#"{"k.x": -1.5}"#),
            ("", text),
        ] {
            assert_eq!(spans.of(path).map(|range| &text[range]), Some(wanted), "{path}");
        }
        assert_eq!(spans.exactly("Statement[1]"), None);
    }

    #[test]
    fn broken_text_has_what_comes_before_the_break() {
        let text = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Act"#;
        let effect = Spans::read(text).of("Statement[0].Effect").unwrap();
        assert_eq!(&text[effect], "\"Allow\"");
        for broken in ["", "{", "[", "\"", "{\"a\"", "[1,", "{\"a\":}", &"[".repeat(100_000)] {
            let _ = Spans::read(broken).of("a");
        }
    }
}
