//! The evidence as one page that needs no network and no script: for phones, desks and paper, by day and by night.

mod diagram;
mod lab;
mod requests;
mod timeline;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::Evidence;
use super::facts::{Facts, Step};
use crate::report::Outcome;

const STYLE: &str = include_str!("style.css");
/// The browser is told as well that nothing is to be loaded or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page.
pub fn of(evidence: &Evidence) -> Markup {
    let facts = &evidence.facts;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Direct Transfer: evidence of a run" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(evidence))
                main {
                    (section("steps", "What was done", steps(evidence)))
                    (section("messages", "Who spoke with whom", diagram::of(facts)))
                    (section("time", "When", timeline::of(evidence)))
                    (section("picture", "The picture", picture(evidence)))
                    (section("matrix", "What the token may do", lab::matrix(&facts.matrix)))
                    @if let Some(minimal) = &facts.minimal {
                        (section("minimal", "The smallest policy for this run", lab::minimal(minimal, &facts.policy)))
                    }
                    (section("requests", "Every request, and why it was decided so", requests::of(evidence)))
                    (section("again", "The same again", again(evidence)))
                }
            }
        }
    }
}

fn section(id: &str, title: &str, inside: Markup) -> Markup {
    html! { section #(id) { h2 { (title) } (inside) } }
}

fn head(evidence: &Evidence) -> Markup {
    let facts = &evidence.facts;
    let refused = facts.requests.iter().filter(|request| request.service == "oss" && request.status >= 400).count();
    let sts = facts.requests.iter().filter(|request| request.service == "sts").count();
    let asked: u32 = facts.steps.iter().map(|step| step.token_requests).sum();
    let sent: u64 = facts.requests.iter().filter_map(|request| request.bytes_in).sum();
    html! {
        header {
            p.brand { "Direct Transfer" }
            h1 { "Evidence of a run" }
            p.verdict.good[facts.ok].bad[!facts.ok] {
                @if facts.ok { "✓ Every step did what it must" } @else { "✕ A step did not do what it must" }
            }
            p.lead {
                "An app asked its app server for a token that covers " code { (facts.prefix) }
                ", and sent a picture of " (bytes(facts.picture.bytes)) " directly to OSS. The app never held a key of the account."
            }
            dl.tiles {
                (tile(&facts.requests.len().to_string(), "requests to OSS and STS"))
                (tile(&bytes(sent), "sent to OSS"))
                (tile(&refused.to_string(), "refused by OSS"))
                (tile(&format!("{asked} → {sts}"), "tokens asked for → calls of STS"))
            }
            p.digest { "SHA-256 of what happened " code { (evidence.digest) } }
        }
    }
}

fn tile(value: &str, words: &str) -> Markup {
    html! { div { dt { (words) } dd { (value) } } }
}

fn steps(evidence: &Evidence) -> Markup {
    let times = &evidence.measured.steps;
    html! {
        ol.steps {
            @for (step, time) in evidence.facts.steps.iter().zip(times) {
                li.good[step.outcome == Outcome::Ok].bad[step.outcome == Outcome::Failed] {
                    span.mark { (mark(step.outcome)) }
                    div { p.name { (step.name) } p.detail { (detail(step)) } }
                    span.time { (format!("{:.1} ms", time.milliseconds)) }
                }
            }
        }
    }
}

fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "✓",
        Outcome::Failed => "✕",
        Outcome::Skipped => "–",
    }
}

fn detail(step: &Step) -> Markup {
    html! {
        @for (name, value) in &step.detail {
            span.pair { (name) " " b { @match value { Value::String(text) => (text), other => (other) } } } " "
        }
    }
}

fn picture(evidence: &Evidence) -> Markup {
    let facts = &evidence.facts;
    html! {
        div.pictures {
            @for (result, (_, kind, bytes_of)) in facts.results.iter().zip(&evidence.pictures) {
                figure {
                    img alt=(result.name) src=(format!("data:{kind};base64,{}", STANDARD.encode(bytes_of)));
                    figcaption {
                        code { (result.process) }
                        p { (result.pixels) " · " (bytes(result.bytes)) " · CRC64 " code { (result.crc64) } }
                    }
                }
            }
        }
        dl.sums {
            div { dt { "Bytes" } dd { (facts.picture.bytes) } }
            div { dt { "CRC64" } dd { code { (facts.picture.crc64) } } }
            div { dt { "MD5" } dd { code { (facts.picture.md5) } } }
        }
        @if !facts.parts.is_empty() { (parts(facts)) }
    }
}

fn parts(facts: &Facts) -> Markup {
    html! {
        h3 { "Its parts" }
        p.note { "As OSS took them by multipart upload. The CRC64 of each was compared when it was sent, and that of the whole when it was complete." }
        div.parts {
            @for part in &facts.parts {
                div.again[part.sent > 1] style=(format!("flex-grow:{}", part.bytes.max(1))) {
                    b { (part.number) }
                    span { (bytes(part.bytes)) @if part.sent > 1 { " · sent " (part.sent) " times" } }
                    code { (part.crc64) }
                }
            }
        }
    }
}

fn again(evidence: &Evidence) -> Markup {
    let Evidence { facts, measured, digest, .. } = evidence;
    html! {
        p { "The same seed, clock and picture give the same digest; times and ids are not part of it." }
        pre { "cargo demo --headless --report FILE.html --seed " (facts.seed) " --clock " (facts.clock) }
        p { "The digest is that of the facts in the JSON beside this page:" }
        pre { "jq -cj .facts FILE.json | sha256sum\n" (digest) }
        dl.sums {
            div { dt { "Program" } dd { (facts.program) } }
            div { dt { "Machine" } dd { (measured.machine) } }
            div { dt { "Seed" } dd { (facts.seed) } }
            div { dt { "Clock at first" } dd { (facts.clock) } }
            div { dt { "Took" } dd { (format!("{:.1} s", measured.milliseconds / 1000.0)) } }
            div { dt { "Bucket" } dd { (facts.bucket) ", " (facts.region) } }
            div { dt { "Role" } dd { code { (facts.role) } } }
            div { dt { "A token lives" } dd { (facts.token_seconds) " s" } }
        }
    }
}

/// `3.4 MB`.
fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} KB", count as f64 / 1e3),
        _ => format!("{:.2} MB", count as f64 / 1e6),
    }
}
