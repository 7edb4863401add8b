//! The description of `/v1`: as OpenAPI for programs, and as one plain page for people, made of the same document. The page
//! loads nothing from anywhere.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::Value;
use utoipa::openapi::OpenApi;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
     h2{border-top:1px solid #ccc;padding-top:1rem}code{background:#f3f3f3;padding:.1rem .3rem}\
     table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0}\
     td{border-top:1px solid #eee}@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}code{background:#2a2a2a}td{border-color:#333}}";

/// Adds `/v1` and `/v1/openapi.json`, which anybody may read.
pub(super) fn with_description(router: Router, description: &OpenApi) -> Router {
    let json: Arc<str> = description.to_json().unwrap_or_default().into();
    let html: Arc<str> = html(&serde_json::from_str(&json).unwrap_or_default()).into();
    let page = move || {
        let html = Arc::clone(&html);
        async move {
            let policy = "default-src 'none'; style-src 'unsafe-inline'";
            ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)], html.to_string())
                .into_response()
        }
    };
    let document = move || {
        let json = Arc::clone(&json);
        async move { ([(CONTENT_TYPE, "application/json")], json.to_string()).into_response() }
    };
    router.route("/v1", get(page)).route("/v1/openapi.json", get(document))
}

/// The page. Whatever cannot be written is left out: a `String` has no way to fail.
fn html(description: &Value) -> String {
    let info = &description["info"];
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{text}</p>\
         <p>For programs: <a href=\"/v1/openapi.json\">openapi.json</a></p>",
        title = escaped(&info["title"]),
        text = escaped(&info["description"]),
    );
    for (path, methods) in members(&description["paths"]) {
        for (method, operation) in members(methods) {
            operation_html(&mut page, method, path, operation);
        }
    }
    page.push_str("<h2 id=types>Bodies</h2>");
    for (name, schema) in members(&description["components"]["schemas"]) {
        schema_html(&mut page, name, schema);
    }
    page
}

fn operation_html(page: &mut String, method: &str, path: &str, operation: &Value) {
    let text = if operation["summary"].is_string() { &operation["summary"] } else { &operation["description"] };
    let _ = write!(page, "<h2><code>{} {}</code></h2><p>{}</p>", method.to_uppercase(), text_of(path), escaped(text));
    if let Some(parameters) = operation["parameters"].as_array() {
        page.push_str("<table><tr><th>Parameter<th>Meaning");
        for parameter in parameters {
            let (name, text) = (escaped(&parameter["name"]), escaped(&parameter["description"]));
            let _ = write!(page, "<tr><td><code>{name}</code><td>{text}");
        }
        page.push_str("</table>");
    }
    if let Some(body) = body_of(&operation["requestBody"]) {
        let _ = write!(page, "<p>Body: {body}</p>");
    }
    page.push_str("<table><tr><th>Status<th>Meaning<th>Body");
    for (status, response) in members(&operation["responses"]) {
        let body = body_of(response).unwrap_or_default();
        let _ = write!(page, "<tr><td>{}<td>{}<td>{body}", text_of(status), escaped(&response["description"]));
    }
    page.push_str("</table>");
}

fn schema_html(page: &mut String, name: &str, schema: &Value) {
    let name = text_of(name);
    let _ = write!(page, "<h3 id=\"{name}\">{name}</h3><p>{}</p>", escaped(&schema["description"]));
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    page.push_str("<table>");
    for (field, about) in members(&schema["properties"]) {
        let needed = if required.contains(&field) { "" } else { " (may be absent)" };
        let _ = write!(page, "<tr><td><code>{}</code>{needed}<td>{}", text_of(field), escaped(&about["description"]));
    }
    page.push_str("</table>");
}

/// The name of the body's type, linked to its description.
fn body_of(holder: &Value) -> Option<String> {
    let reference = holder["content"]["application/json"]["schema"]["$ref"].as_str()?;
    let name = text_of(reference.rsplit('/').next()?);
    Some(format!("<a href=\"#{name}\">{name}</a>"))
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn escaped(value: &Value) -> String {
    text_of(value.as_str().unwrap_or_default())
}

fn text_of(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
