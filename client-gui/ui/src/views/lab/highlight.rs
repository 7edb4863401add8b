//! A policy's text in colours: names and values, what the findings are about, and the statement that decided.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId, Stroke};
use shared::ram::{Lint, Severity};

use crate::theme::Palette;

/// How each part of a JSON text looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    Value,
    Mark,
}

/// The whole of `text`, laid out. `lit` is the deciding statement, and whether it allows.
pub fn job(
    text: &str,
    font: &FontId,
    colors: &Palette,
    lints: &[Lint],
    lit: Option<&(Range<usize>, bool)>,
    width: f32,
) -> LayoutJob {
    let pieces = pieces(text);
    let mut cuts: Vec<usize> = pieces.iter().flat_map(|(range, _)| [range.start, range.end]).collect();
    cuts.extend(lints.iter().filter_map(|lint| lint.span.clone()).flat_map(|span| [span.start, span.end]));
    cuts.extend(lit.iter().flat_map(|(range, _)| [range.start, range.end]));
    cuts.extend([0, text.len()]);
    cuts.retain(|at| text.is_char_boundary(*at));
    cuts.sort_unstable();
    cuts.dedup();
    let mut job = LayoutJob::default();
    job.wrap.max_width = width;
    for (from, until) in cuts.iter().zip(cuts.iter().skip(1)) {
        let Some(part) = text.get(*from..*until) else { continue };
        let kind = pieces.iter().find(|(range, _)| range.contains(from)).map_or(Kind::Mark, |(_, kind)| *kind);
        let color = match kind {
            Kind::Name => colors.accent,
            Kind::Value => colors.text,
            Kind::Mark => colors.muted,
        };
        let mut format = TextFormat::simple(font.clone(), color);
        if let Some((range, allows)) = lit
            && range.contains(from)
        {
            format.background = if *allows { colors.good_soft } else { colors.bad_soft };
        }
        if let Some(severity) = worst(lints, *from) {
            format.underline = Stroke::new(1.5, severity_color(severity, colors));
        }
        job.append(part, 0.0, format);
    }
    job
}

/// The colour of a finding.
pub fn severity_color(severity: Severity, colors: &Palette) -> Color32 {
    match severity {
        Severity::Error | Severity::High => colors.bad,
        Severity::Medium => colors.warn,
        Severity::Low => colors.muted,
    }
}

/// The worst finding about the character at `at`; one about the whole of a statement lies on the window, not on its text.
fn worst(lints: &[Lint], at: usize) -> Option<Severity> {
    const LONGEST: usize = 160;
    let about = |lint: &&Lint| lint.span.as_ref().is_some_and(|span| span.contains(&at) && span.len() <= LONGEST);
    lints.iter().filter(about).map(|lint| lint.severity).min()
}

/// Strings, each a name if a colon follows it.
fn pieces(text: &str) -> Vec<(Range<usize>, Kind)> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find('"').map(|at| from + at) {
        let mut escaped = false;
        let close = text[open + 1..].char_indices().find_map(|(offset, c)| match c {
            _ if escaped => {
                escaped = false;
                None
            }
            '\\' => {
                escaped = true;
                None
            }
            '"' | '\n' => Some(open + 1 + offset + c.len_utf8()),
            _ => None,
        });
        let end = close.unwrap_or(text.len());
        let is_name = text[end..].trim_start().starts_with(':');
        pieces.push((open..end, if is_name { Kind::Name } else { Kind::Value }));
        from = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_laid_out_whole() {
        let colors = crate::theme::palette_of(false);
        for text in ["", "{\"a\": \"图\\\"\" }", "\"", "{\"open", "照片\"照\n\"片"] {
            let spans = [0..1, 0..text.len(), 2..3, 5..900];
            for span in spans {
                let lit = (span.clone(), true);
                let job = job(text, &FontId::monospace(13.0), colors, &[], Some(&lit), 100.0);
                assert_eq!(job.text, text, "{span:?}");
            }
        }
    }
}
