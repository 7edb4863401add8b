//! The requests, each with what was decided about it.

use maud::{Markup, html};

use super::super::Evidence;
use super::super::facts::RequestFacts;
use super::super::measured::RequestTime;
use super::bytes;

/// One line each, which opens.
pub fn of(evidence: &Evidence) -> Markup {
    let both = evidence.facts.requests.iter().zip(&evidence.measured.requests);
    html! {
        div.requests { @for (request, time) in both { (line(request, time)) } }
    }
}

fn line(request: &RequestFacts, time: &RequestTime) -> Markup {
    let refused = !(200..400).contains(&request.status);
    html! {
        details.refused[refused] {
            summary {
                span.status { @if request.status == 0 { "—" } @else { (request.status) } }
                span.operation { (request.operation) @if let Some(part) = request.part { " " (part) } }
                span.path { (request.path) }
                span.time { (format!("{:.1} ms", time.milliseconds)) }
            }
            dl {
                (row("Step", &request.step.to_string()))
                (row("Asked", &format!("{} {}, at {} by the world's clock", request.method, request.service.to_uppercase(), time.time)))
                (row("Who", &format!("{} {}, key {}", request.principal, time.principal, time.access_key_id)))
                (row("Signature", &request.signature))
                (row("Action", &request.action))
                (row("Resource", &request.resource))
                @for layer in &request.layers { (row(&layer.layer, &format!("{}: {}", layer.effect, layer.because))) }
                @if refused { (row("Refused", &format!("{} {}", request.error_code, request.ec))) }
                @if !request.faults.is_empty() { (row("Faults", &request.faults.join(", "))) }
                (row("Bytes", &format!("{} in, {} out", request.bytes_in.map_or("—".to_owned(), bytes), bytes(time.bytes_out))))
                (row("Request ID", &time.request_id))
            }
        }
    }
}

fn row(name: &str, value: &str) -> Markup {
    html! { @if !value.trim().is_empty() { div { dt { (name) } dd { (value) } } } }
}
