//! The policy matrix and the smallest policy.

use maud::{Markup, html};
use serde_json::Value;

use super::super::facts::Minimal;
use super::super::matrix::{Cell, Matrix};

/// Operations down, places across.
pub fn matrix(matrix: &Matrix) -> Markup {
    let mut operations: Vec<&str> = matrix.cells.iter().map(|cell| cell.operation).collect();
    operations.dedup();
    let asked = matrix.cells.iter().filter(|cell| cell.observed.is_some()).count();
    let drifts = matrix.cells.iter().filter(|cell| cell.drifts()).count();
    html! {
        p {
            @if matrix.confined { b.good { "Proven: " } "the session policy allows nothing outside of its folder." }
            @else { b.bad { "Not proven: " } "the session policy may allow something outside of its folder." }
            " OSS was asked about " (asked) " cells, and "
            @if drifts == 0 { b.good { "agreed in all of them." } } @else { b.bad { "disagreed in " (drifts) "." } }
        }
        p.note { "✓ allowed, ✕ refused; below it role and session, ✓ where the layer allows. A dot says that OSS itself was asked." }
        div.scroll {
            table.matrix {
                thead { tr { th {} @for (title, place) in &matrix.columns { th scope="col" { (title) span { (place) } } } } }
                tbody {
                    @for operation in &operations {
                        tr {
                            th scope="row" { (operation) }
                            @for column in 0..matrix.columns.len() {
                                @let cell = matrix.cells.iter().find(|cell| cell.operation == *operation && cell.column == column);
                                (drawn(cell))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn drawn(cell: Option<&Cell>) -> Markup {
    let Some(cell) = cell else { return html! { td.none {} } };
    let sign = |allows: bool| if allows { "✓" } else { "✕" };
    html! {
        td.good[cell.allowed].bad[!cell.allowed].drift[cell.drifts()] title=(cell.subject) {
            b { (sign(cell.allowed)) @if cell.observed.is_some() { i { "•" } } }
            span { "r" (sign(cell.role == "Allow")) " s" (sign(cell.session == "Allow")) }
        }
    }
}

/// The policy, and what taking each action out of it would do.
pub fn minimal(minimal: &Minimal, used: &Value) -> Markup {
    html! {
        p {
            @if minimal.holds { b.good { "Proven: " } } @else { b.bad { "Not proven: " } }
            (minimal.replayed) " requests replayed under it come out as they did, and without any one of its actions some would be refused."
        }
        div.columns {
            figure { figcaption { "Enough for this run" } pre { (pretty(&minimal.policy)) } }
            figure { figcaption { "What the token had" } pre { (pretty(used)) } }
        }
        table.removals {
            thead { tr { th { "Without" } th { "refused requests" } } }
            tbody { @for removal in &minimal.removals { tr { td { code { (removal.action) } } td { (removal.refused) } } } }
        }
    }
}

fn pretty(policy: &Value) -> String {
    serde_json::to_string_pretty(policy).unwrap_or_default()
}
