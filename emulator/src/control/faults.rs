//! `/faults` on the control port: what goes wrong on purpose.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use shared::fault::{FaultPlan, PRESETS};

use super::Control;

/// `GET /faults`: the plan in force, each rule with how many requests it struck, and the presets that there are.
pub async fn show(State(control): State<Control>) -> Json<Value> {
    Json(described(&control))
}

fn described(control: &Control) -> Value {
    let (plan, rules) = control.world.faults.tally();
    let presets: Vec<Value> = PRESETS
        .iter()
        .map(|preset| json!({ "name": preset.name, "about": preset.about, "rules": preset.rules() }))
        .collect();
    json!({
        "banner": control.world.faults.title().unwrap_or_else(|| "none".to_owned()),
        "preset": plan.preset,
        "seed": plan.seed,
        "rules": rules,
        "presets": presets,
    })
}

/// `PUT /faults {"preset": NAME, "seed": N}` or `{"seed": N, "rules": […]}`: takes the place of the plan in force, and counts begin
/// anew; 400 with `path`, `found`, `expected` when it is wrong, and nothing has changed then.
pub async fn set(State(control): State<Control>, body: String) -> Response {
    match FaultPlan::parse(&body) {
        Ok(plan) => {
            control.world.faults.set(plan);
            Json(described(&control)).into_response()
        }
        Err(error) => {
            let said = error.to_string();
            let body = json!({ "error": said, "path": error.path, "found": error.found, "expected": error.expected });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
    }
}

/// `DELETE /faults`: nothing goes wrong on purpose any more.
pub async fn clear(State(control): State<Control>) -> Json<Value> {
    control.world.faults.set(FaultPlan::default());
    Json(described(&control))
}
