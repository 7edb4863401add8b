//! How many decisions a second one core makes on the sample policies: `cargo run --release -p shared --example ram_bench`.
//!
//! Each decision is one [`evaluate`] of role and session policy; requests are built beforehand.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use shared::ram::template::substitute;
use shared::ram::{Context, Layers, PolicyDocument, PolicyKind, Request, evaluate};

const ROLE: &str = r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:*", "Resource": "*"}]}"#;
const POLICIES: [(&str, &str); 3] = [
    ("bucket_read_policy.txt", include_str!("../../policy/bucket_read_policy.txt")),
    ("bucket_read_write_policy.txt", include_str!("../../policy/bucket_read_write_policy.txt")),
    ("bucket_write_policy.txt", include_str!("../../policy/bucket_write_policy.txt")),
];
const ROUNDS: usize = 300_000;

fn main() -> Result<(), Box<dyn Error>> {
    let role = PolicyDocument::parse(ROLE, PolicyKind::Identity)?;
    let requests = requests();
    for (name, template) in POLICIES {
        let filled = substitute(template, &[("$BUCKET_NAME", "photos"), ("$OBJECT_PREFIX", "users/alice/")])?;
        let session = PolicyDocument::parse(&filled, PolicyKind::Session)?;
        let layers = Layers { identity: &[&role], session: Some(&session), ..Layers::default() };
        let began = Instant::now();
        let mut allowed = 0_usize;
        for _ in 0..ROUNDS {
            allowed +=
                requests.iter().filter(|request| evaluate(black_box(&layers), black_box(request)).is_allow()).count();
        }
        let decisions = ROUNDS * requests.len();
        let a_second = decisions as f64 / began.elapsed().as_secs_f64();
        println!("{name}: {:.2} million decisions a second ({allowed} of {decisions} allowed)", a_second / 1e6);
    }
    Ok(())
}

fn requests() -> Vec<Request> {
    let request = |action: &str, id: &str, prefix: Option<&str>| {
        let mut context = Context::new()
            .with("acs:SourceIp", "192.0.2.7")
            .with("acs:UserAgent", "aliyun-sdk-android/2.9.21")
            .with("acs:CurrentTime", "2026-01-01T00:00:00Z")
            .with("acs:SecureTransport", "true");
        if let Some(prefix) = prefix {
            context.insert("oss:Prefix", prefix);
        }
        Request {
            action: action.to_owned(),
            resource: format!("acs:oss:*:1000000000000001:{id}"),
            principals: Vec::new(),
            context,
        }
    };
    vec![
        request("oss:PutObject", "photos/users/alice/2026/01/sunrise.jpg", None),
        request("oss:GetObject", "photos/users/alice/2026/01/sunrise.jpg", None),
        request("oss:GetObject", "photos/users/bob/2026/01/sunrise.jpg", None),
        request("oss:ListObjects", "photos", Some("users/alice/2026/")),
        request("oss:ListObjects", "photos", Some("")),
        request("oss:DeleteObject", "photos/users/alice/2026/01/sunrise.jpg", None),
    ]
}
