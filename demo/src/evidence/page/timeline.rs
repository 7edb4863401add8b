//! When it happened: the requests as they went, and the lives of the tokens on the world's clock, which was moved.

use maud::{Markup, html};
use shared::timefmt;

use super::super::Evidence;

const WIDTH: f64 = 360.0;

/// Both.
pub fn of(evidence: &Evidence) -> Markup {
    html! {
        h3 { "As it went" }
        p.note { "Each bar is a request, from its head to the answer's; a red one was refused." }
        (waterfall(evidence))
        h3 { "By the world's clock" }
        p.note { "The demo moves it, so that tokens end. An SDK asks for the next token 300 s before the end of this one, or at half of its life." }
        (lives(evidence))
    }
}

fn waterfall(evidence: &Evidence) -> Markup {
    let (facts, measured) = (&evidence.facts, &evidence.measured);
    let whole = measured.milliseconds.max(1.0);
    let share = |ms: f64| (ms / whole * 100.0).clamp(0.0, 100.0);
    html! {
        div.waterfall {
            @for (step, time) in facts.steps.iter().zip(&measured.steps) {
                div.lane {
                    span.label { (step.number) " " (step.name) }
                    div.track {
                        i.span style=(format!("left:{:.2}%;width:{:.2}%", share(time.began_ms), share(time.milliseconds))) {}
                        @for (request, time) in facts.requests.iter().zip(&measured.requests) {
                            @if request.step == step.number {
                                i.(request.service).refused[!(200..400).contains(&request.status)]
                                    title=(format!("{} {} {:.1} ms", request.operation, request.status, time.milliseconds))
                                    style=(format!("left:{:.2}%;width:{:.2}%", share(time.began_ms), share(time.milliseconds))) {}
                            }
                        }
                    }
                }
            }
            div.scale { span { "0" } span { (format!("{:.1} s", whole / 2000.0)) } span { (format!("{:.1} s", whole / 1000.0)) } }
        }
        p.legend { i.oss {} " OSS " i.sts {} " STS " i.refused {} " refused" }
    }
}

/// Seconds of the world's clock since the run began.
fn seconds(evidence: &Evidence, time: &str) -> f64 {
    let began = timefmt::parse_iso8601(&evidence.measured.began);
    began.zip(timefmt::parse_iso8601(time)).map_or(0.0, |(began, at)| (at - began).as_seconds_f64().max(0.0))
}

fn lives(evidence: &Evidence) -> Markup {
    let (facts, measured) = (&evidence.facts, &evidence.measured);
    let life = f64::from(facts.token_seconds);
    let both = facts.requests.iter().zip(&measured.requests);
    let issued: Vec<f64> = both
        .clone()
        .filter(|(request, _)| request.operation == "AssumeRole" && request.status == 200)
        .map(|(_, time)| seconds(evidence, &time.time))
        .collect();
    let until = issued.last().map_or(life, |last| last + life);
    let x = |at: f64| 6.0 + at / until * (WIDTH - 12.0);
    let height = 62 + 26 * issued.len();
    let jumps: Vec<f64> = measured
        .steps
        .windows(2)
        .filter_map(|pair| match pair {
            [before, after] if after.clock_moved_seconds > before.clock_moved_seconds => {
                Some((before.began_ms + before.milliseconds) / 1000.0 + before.clock_moved_seconds as f64)
            }
            _ => None,
        })
        .collect();
    html! {
        svg.lives viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label="The lives of the tokens" {
            @for (number, at) in (1..).zip(&issued) {
                @let y = 8 + 26 * (number - 1);
                rect.life x=(px(x(*at))) y=(y) width=(px(x(at + life) - x(*at))) height="18" rx="4" {}
                rect.late x=(px(x(at + life - (life / 2.0).min(300.0)))) y=(y) width=(px(x(life) - x(life - (life / 2.0).min(300.0)))) height="18" rx="4" {}
                text x=(px(x(*at) + 5.0)) y=(y + 13) { "token " (number) }
            }
            @let axis = 18 + 26 * issued.len();
            line.axis x1="6" y1=(axis) x2=(WIDTH - 6.0) y2=(axis) {}
            @for (request, time) in both {
                @let refused = !(200..400).contains(&request.status);
                line.tick.refused[refused].sts[request.service == "sts"]
                    x1=(px(x(seconds(evidence, &time.time)))) x2=(px(x(seconds(evidence, &time.time))))
                    y1=(axis - if refused { 9 } else { 6 }) y2=(axis + if refused { 9 } else { 6 }) {}
            }
            @for at in &jumps {
                path.jump d=(format!("M{:.1} {} Q{:.1} {} {:.1} {}", x(*at), axis + 10, x(at + life / 2.0), axis + 24, x(at + life), axis + 10)) {}
                text.jump x=(px(x(at + life / 2.0))) y=(axis + 30) text-anchor="middle" { "clock + " (facts.token_seconds + 1) " s" }
            }
        }
    }
}

fn px(at: f64) -> String {
    format!("{at:.1}")
}
