//! A request as a curl command for a POSIX shell.

use super::Exchange;

/// What curl sets by itself, or what a presigned URL carries in its query.
const LEFT_OUT: [&str; 4] = ["host", "content-length", "user-agent", "accept"];
const SIGNED_IN_HEADERS: [&str; 5] =
    ["authorization", "date", "x-oss-date", "x-oss-content-sha256", "x-oss-security-token"];

/// The command; with `url`, which is presigned, it can be run as it is. Its secrets are missing otherwise.
pub fn curl(exchange: &Exchange, url: Option<&str>) -> String {
    let mut words = vec!["curl".to_owned()];
    match exchange.method {
        "GET" => {}
        "HEAD" => words.push("--head".to_owned()),
        method => words.extend(["-X".to_owned(), method.to_owned()]),
    }
    let length = exchange.headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.as_str());
    match length {
        Some("0") => words.push("--data-binary ''".to_owned()),
        Some(_) => words.push("--data-binary @FILE".to_owned()),
        None => {}
    }
    let sends_type = exchange.headers.iter().any(|(name, _)| name == "content-type");
    if length.is_some() && !sends_type {
        // curl would send one of its own, which is not signed.
        words.push("-H 'content-type:'".to_owned());
    }
    for (name, value) in headers(exchange, url.is_some()) {
        words.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
    }
    words.push(quoted(url.unwrap_or(&exchange.url)));
    words.join(" ")
}

/// The headers that a presigned request carries beside its URL.
pub fn presigned_headers(exchange: &Exchange) -> Vec<(String, String)> {
    headers(exchange, true)
}

fn headers(exchange: &Exchange, presigned: bool) -> Vec<(String, String)> {
    let sent = exchange.headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        let in_url = presigned && SIGNED_IN_HEADERS.contains(&name);
        !in_url && !LEFT_OUT.contains(&name)
    });
    sent.cloned().collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use transfer::{ExchangeId, Peer};

    #[test]
    fn a_command_survives_the_shell() {
        let exchange = Exchange {
            id: ExchangeId(1),
            at: time::OffsetDateTime::UNIX_EPOCH,
            peer: Peer::Oss,
            operation: "PutObject",
            key: Some("it's.jpg".to_owned()),
            method: "PUT",
            url: "http://h/b/it's.jpg".to_owned(),
            headers: [("content-type", "image/jpeg"), ("content-length", "5"), ("authorization", "OSS4 …")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            signed: None,
            answer: None,
            ending: None,
        };
        let masked = r"curl -X PUT --data-binary @FILE -H 'content-type: image/jpeg' -H 'authorization: OSS4 …' 'http://h/b/it'\''s.jpg'";
        assert_eq!(curl(&exchange, None), masked);
        let whole = curl(&exchange, Some("http://h/?x-oss-signature=1"));
        assert_eq!(
            whole,
            "curl -X PUT --data-binary @FILE -H 'content-type: image/jpeg' 'http://h/?x-oss-signature=1'"
        );
    }
}
