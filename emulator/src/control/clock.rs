//! `/clock` on the control port: the time machine.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::timefmt;
use time::Duration;

use super::Control;

/// `GET /clock`: the emulator's time, how far it is from this machine's, whether it stands still, and how far it is ahead of its clients'.
pub async fn show(State(control): State<Control>) -> Json<Value> {
    Json(described(&control))
}

fn described(control: &Control) -> Value {
    let clock = &control.clock;
    let offset = (clock.base.offset() + clock.skew()).whole_milliseconds();
    json!({
        "now": timefmt::iso8601_millis(clock.now()),
        "offset_ms": i64::try_from(offset).unwrap_or_default(),
        "frozen": clock.base.is_frozen(),
        "skew_seconds": clock.skew().whole_seconds(),
    })
}

/// What is to become of the clock; whatever is absent stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    advance_seconds: Option<i64>,
    freeze: Option<bool>,
    skew_seconds: Option<i64>,
}

/// `POST /clock`: `advance_seconds` moves the world's time, back with a negative number; `freeze` stops it, or lets it go on;
/// `skew_seconds` puts the emulator's clock so far ahead of the world's, which its clients may share.
pub async fn set(State(control): State<Control>, change: Result<Json<Change>, JsonRejection>) -> Response {
    let change = match change {
        Ok(Json(Change { advance_seconds: None, freeze: None, skew_seconds: None })) => {
            return refused("nothing to do; expected advance_seconds, freeze or skew_seconds");
        }
        Ok(Json(change)) => change,
        Err(error) => return refused(&error.body_text()),
    };
    let clock = &control.clock;
    // Stopped first, so that a step begins where the clock stood.
    if change.freeze == Some(true) {
        clock.base.freeze();
    }
    if let Some(seconds) = change.advance_seconds {
        clock.base.advance(Duration::seconds(seconds));
    }
    if let Some(seconds) = change.skew_seconds {
        clock.set_skew(Duration::seconds(seconds));
    }
    if change.freeze == Some(false) {
        clock.base.thaw();
    }
    Json(described(&control)).into_response()
}

fn refused(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}
