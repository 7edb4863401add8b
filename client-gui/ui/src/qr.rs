//! A text as a QR code (ISO/IEC 18004), for a phone to take it from the screen.

use qrcode::{Color, EcLevel, QrCode};

/// The light margin that scanners need, in modules.
pub const MARGIN: usize = 4;

/// A QR code: a square of dark and light modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    side: usize,
    dark: Vec<bool>,
}

impl Code {
    /// The code of `text`; `None` when it is longer than a code holds (about 2900 bytes).
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).ok()?;
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Some(Self { side: code.width(), dark })
    }

    /// Modules on a side, without the margin.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The dark runs of each row: row, first column, columns.
    pub fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.dark.chunks(self.side.max(1)).enumerate().flat_map(|(row, modules)| {
            let mut at = 0;
            let runs: Vec<_> = modules
                .chunk_by(|one, next| one == next)
                .filter_map(|run| {
                    let from = at;
                    at += run.len();
                    (run.first() == Some(&true)).then_some((row, from, run.len()))
                })
                .collect();
            runs
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_finder_patterns_and_an_end() {
        let code = Code::of(r#"{"direct_transfer_profile":1,"name":"杭州"}"#).unwrap();
        assert_eq!((code.side() - 17) % 4, 0, "the sides that there are");
        let runs: Vec<_> = code.runs().collect();
        let last = code.side() - 7;
        for finder in [(0, 0, 7), (0, last, 7), (6, 0, 7), (6, last, 7), (last, 0, 7), (code.side() - 1, 0, 7)] {
            assert!(runs.contains(&finder), "{finder:?}");
        }
        assert_eq!(
            runs.iter().map(|(_, _, count)| count).sum::<usize>(),
            code.dark.iter().filter(|dark| **dark).count()
        );
        assert_eq!(Code::of(&"x".repeat(3000)), None);
    }
}
