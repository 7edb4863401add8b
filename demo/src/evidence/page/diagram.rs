//! The messages of the run between its four roles, from top to bottom.

use maud::{Markup, html};

use super::super::facts::{Facts, RequestFacts};
use super::bytes;

/// The middle of each role's line. As wide as a small phone, so that text is as large there as it is drawn.
const LANES: [(&str, i32); 4] = [("App", 40), ("App server", 128), ("STS", 222), ("OSS", 320)];
const WIDTH: i32 = 360;
const TOP: i32 = 40;
const ROW: i32 = 30;

/// A line of the diagram.
enum Line {
    /// Where a step begins.
    Step(usize, &'static str),
    /// One message, or several alike.
    Message { from: usize, to: usize, words: String, tail: String, refused: bool },
}

/// The diagram.
pub fn of(facts: &Facts) -> Markup {
    let lines = lines(facts);
    let height = TOP + ROW * i32::try_from(lines.len()).unwrap_or_default() + 10;
    html! {
        svg.diagram viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label="Messages between app, app server, STS and OSS" {
            @for (name, x) in LANES {
                line.lane x1=(x) y1="30" x2=(x) y2=(height) {}
                rect.role x=(x - 38) y="4" width="76" height="24" rx="6" {}
                text.role x=(x) y="20" text-anchor="middle" { (name) }
            }
            @for (at, line) in (0..).zip(&lines) {
                (drawn(line, TOP + ROW * at))
            }
        }
    }
}

fn drawn(line: &Line, top: i32) -> Markup {
    match line {
        Line::Step(number, name) => html! {
            rect.step x="0" y=(top + 6) width=(WIDTH) height="19" rx="4" {}
            text.step x="6" y=(top + 19) { (number) "  " (name) }
        },
        Line::Message { from, to, words, tail, refused } => {
            let (x1, x2) = (LANES[*from].1, LANES[*to].1);
            let (y, end) = (top + 23, x2 - 6);
            html! {
                g.refused[*refused] {
                    line.message x1=(x1) y1=(y) x2=(end) y2=(y) {}
                    path.head d=(format!("M{end} {} L{x2} {y} L{end} {} Z", y - 4, y + 4)) {}
                    text.words x=(x1 + 5) y=(y - 5) { (words) " " tspan.tail { (tail) } }
                }
            }
        }
    }
}

fn lines(facts: &Facts) -> Vec<Line> {
    let mut lines = Vec::new();
    for step in &facts.steps {
        lines.push(Line::Step(step.number, step.name));
        if step.token_requests > 0 {
            lines.push(message(0, 1, "token", step.token_requests as usize, "", false));
        }
        let requests: Vec<&RequestFacts> =
            facts.requests.iter().filter(|request| request.step == step.number).collect();
        for alike in requests.chunk_by(|a, b| (&a.operation, a.status) == (&b.operation, b.status)) {
            let Some(first) = alike.first() else { continue };
            let (from, to) = if first.service == "sts" { (1, 2) } else { (0, 3) };
            let refused = !(200..400).contains(&first.status);
            let sent: u64 = alike.iter().filter_map(|request| request.bytes_in).sum();
            let tail = match (first.status, sent) {
                (0, _) => "no answer".to_owned(),
                (status, _) if refused => format!("{status} {}", first.error_code),
                (_, 1000..) if first.method == "PUT" => bytes(sent),
                (status, _) => status.to_string(),
            };
            lines.push(message(from, to, &first.operation, alike.len(), &tail, refused));
        }
    }
    lines
}

fn message(from: usize, to: usize, words: &str, count: usize, tail: &str, refused: bool) -> Line {
    let words = if count > 1 { format!("{count} × {words}") } else { words.to_owned() };
    Line::Message { from, to, words, tail: tail.to_owned(), refused }
}
