//! What `shared::ram` says of a policy, so that it can be shown in any language: findings and their fixes, why it cannot be read, how it leaks.

use shared::ram::cases::SuiteError;
use shared::ram::{Escape, Lint};

use crate::words::{Text, heard, said, word};

/// The texts of findings, of their fixes, and of what stands in them; the more special first.
const TEXTS: &[&str] = &[
    word("this time has passed: the statement does not apply any more"),
    word("{0} bytes are no policy: no service takes as many"),
    // Findings about a statement.
    word("Allow with NotAction allows every action that is not named, those of tomorrow included"),
    word("{0} allows everything, also to change who may do what"),
    word("{0} is the name of an API; the action that it needs is {1}"),
    word("{0} is no action of OSS: it matches nothing"),
    word("{0} includes {1}: whoever holds the token can give rights away"),
    word("{0}: a token that is stolen can delete what was uploaded"),
    word("{0} stands for itself: RAM policies know no variables"),
    word("the region is {0}; OSS knows * alone"),
    word("{0} reaches every bucket whose name fits {1}"),
    word("{0}* also reaches what only begins alike, such as {1}0/ and {2}.jpg"),
    word("{0} is about {1}, and no Resource here is: it never applies (it would need {2})"),
    word("objects"),
    word("buckets"),
    word("the whole service"),
    word("a listing is about the bucket: without a condition on oss:Prefix it tells the names of all objects"),
    word("OSS documents no condition key {0}: requests will not have it"),
    word("{0} takes * and ? for themselves; StringLike has wildcards"),
    word("{0} also lists what only begins alike, such as {1}0/"),
    word("since 2026 a bucket policy on acs:SourceIp must also name acs:SourceVpc"),
    word("this lets in everybody, strangers without a key included"),
    word("with a condition this binds the owner, too, who can lock themselves out"),
    // About the whole of a policy.
    word("the token can begin an upload in parts, but {0}: {1} is missing"),
    word("it cannot ask which parts are there, to resume it"),
    word("it cannot abort it, and parts are paid for until somebody does"),
    word("the same statement stands above already"),
    word("other statements allow or deny all that this one allows: it has no effect"),
    word("{0} has no value here: it would stay in the policy as it is"),
    word("{0} characters; STS takes at most {1}"),
    word("{0} characters; OSS takes at most {1}"),
    word("{0} characters; RAM takes at most {1}"),
    // Fixes.
    word("Use the action that it needs"),
    word("Use *"),
    word("End the folder with /"),
    word("Add the resource"),
    word("Confine it by oss:Prefix"),
    word("Add the action"),
    word("Remove it"),
    // What cannot be read.
    word("the policy is not JSON: {0}"),
    word("{0} stands in the policy and has no value: configure one, or write the value into the policy"),
    word("the value of {0} contains `{1}`, a wildcard in a policy: it would reach beyond its own name"),
    word("the policy has {0} characters once filled in; STS takes at most {1}"),
    word("the tests are not readable: {0}"),
    word("the policy cannot be filled in: {0}"),
    word("the policy: {0}"),
    word("{0}: found {1}, expected {2}"),
    word("found {0}, expected {1}"),
    word("both Action and NotAction"),
    word("the operator {0}"),
    word("the element {0}"),
    word("one of {0}"),
    word("a JSON object"),
    word("the string \"1\""),
    word("a list of at least one statement"),
    word("a string"),
    word("a number"),
    word("true or false"),
    word("an ISO 8601 time such as 2026-01-31T00:00:00Z"),
    word("an IP address or a CIDR block such as 192.0.2.0/24"),
    word("\"Allow\" or \"Deny\""),
    word("\"*\" or service:Name, such as \"oss:PutObject\""),
    word("\"*\" or acs:oss:*:*:bucket or acs:oss:*:*:bucket/key*"),
    word("account or user ids, or \"*\""),
    word("Action or NotAction"),
    word("one of them"),
    word("nothing"),
    word("at least one condition key"),
    word("no Principal, for this policy is about the one who bears it"),
    word(
        "an operator that RAM documents, such as StringEquals, StringLike, IpAddress, Bool, NumericLessThan or DateGreaterThan (no IfExists, Null, ForAnyValue, ForAllValues)",
    ),
];

/// Why the tests of the shipped templates expect what they do.
const REASONS: &[&str] = &[
    word("The app shows its user's pictures."),
    word("Another user's folder."),
    word("This token reads and changes nothing."),
    word("The app uploads into its user's folder."),
    word("It shows the thumbnail of what it uploaded."),
    word("It resumes an upload in parts."),
    word("It cleans up after an upload that was cancelled."),
    word("It lists its own folder."),
    word("The names of all users' objects are nobody's business."),
    word("A listing without a prefix is one of the whole bucket."),
    word("A folder whose name begins alike is another user's."),
    word("Object keys tell capital letters apart."),
    word("A stolen token deletes nothing."),
    word("A token makes nothing public."),
    word("Which buckets there are is not for apps."),
    word("This token writes and reads nothing."),
    word("This token lists nothing."),
];

/// A finding.
pub fn finding(lint: &Lint) -> Text {
    heard(&lint.message, TEXTS)
}

/// The button of a finding's fix.
pub fn fix(title: &str) -> Text {
    heard(title, TEXTS)
}

/// Why a policy's tests cannot run.
pub fn failure(error: &SuiteError) -> Text {
    heard(&error.to_string(), TEXTS)
}

/// Why a policy's test expects what it does; the tests of a person's own policy say it in their own words.
pub fn reason(text: &str) -> Text {
    heard(text, REASONS)
}

/// How a session policy leaks.
pub fn escape(escape: &Escape) -> Text {
    match escape {
        Escape::Object { statement, action, bucket, key } => said!(
            "Statement[{0}] allows {1} on the key {2} of the bucket {3}",
            statement.to_string(),
            action.clone(),
            format!("{key:?}"),
            bucket.clone(),
        ),
        Escape::Bucket { statement, action, bucket } => {
            said!("Statement[{0}] allows {1} on the bucket {2}", statement.to_string(), action.clone(), bucket.clone())
        }
        Escape::Listing { statement, action, prefix } => {
            let how = match prefix {
                Some(prefix) => said!("with the prefix {0}", format!("{prefix:?}")),
                None => said("without a prefix"),
            };
            said!(
                "Statement[{0}] allows {1} {2}: give it a condition on oss:Prefix (StringLike) that stays in the folder",
                statement.to_string(),
                action.clone(),
                how,
            )
        }
        Escape::Service { statement, action } => said!(
            "Statement[{0}] allows {1} on the service itself, which is all buckets together",
            statement.to_string(),
            action.clone(),
        ),
        Escape::OtherService { statement, action } => said!(
            "Statement[{0}] allows {1} on resources that are neither buckets nor objects",
            statement.to_string(),
            action.clone(),
        ),
        Escape::TooComplex { statement } => said!(
            "Statement[{0}] has patterns of more states than can be searched: write it more simply",
            statement.to_string(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use shared::ram::cases::Suite;
    use shared::ram::{PolicyKind, lint, lint_at};

    use super::super::TEMPLATES;
    use super::*;
    use crate::gallery::facts::START;

    /// Policies with every finding that there is, or nearly; the next test counts them.
    const POLICIES: &[(PolicyKind, &str)] = &[
        (PolicyKind::Session, r#"[{"Effect":"Allow","NotAction":"oss:PutObject","Resource":"*"}]"#),
        (PolicyKind::Session, r#"[{"Effect":"Allow","Action":["oss:*"],"Resource":"acs:oss:*:*:b/a/*"}]"#),
        (
            PolicyKind::Session,
            r#"[{"Effect":"Allow","Action":["oss:HeadObject","oss:Fly","oss:PutBucketAcl","oss:DeleteObject","oss:PutObject"],
            "Resource":["acs:oss:cn-hangzhou:*:b/a*","acs:oss:*:*:${x}/y","acs:oss:*:*:b?/*"]}]"#,
        ),
        (PolicyKind::Session, r#"[{"Effect":"Allow","Action":["oss:GetObject"],"Resource":"acs:oss:*:*:b"}]"#),
        (PolicyKind::Session, r#"[{"Effect":"Allow","Action":["oss:GetBucketInfo"],"Resource":"acs:oss:*:*:b/a/*"}]"#),
        (PolicyKind::Session, r#"[{"Effect":"Allow","Action":["oss:ListBuckets"],"Resource":"acs:oss:*:*:b/a/*"}]"#),
        (
            PolicyKind::Session,
            r#"[{"Effect":"Allow","Action":["oss:ListObjects","oss:GetObject"],"Resource":["acs:oss:*:*:b","acs:oss:*:*:b/a/*"]}]"#,
        ),
        (
            PolicyKind::Session,
            r#"[{"Effect":"Allow","Action":"oss:ListObjects","Resource":"acs:oss:*:*:b",
            "Condition":{"StringEquals":{"oss:Colour":"r*"},"StringLike":{"oss:Prefix":"a*"}}}]"#,
        ),
        (
            PolicyKind::Session,
            r#"[{"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:b/*"},
            {"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:b/*"},
            {"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:b/a/*"}]"#,
        ),
        (
            PolicyKind::Bucket,
            r#"[{"Effect":"Allow","Principal":"*","Action":"oss:GetObject","Resource":"acs:oss:*:*:b/*"}]"#,
        ),
        (
            PolicyKind::Bucket,
            r#"[{"Effect":"Deny","Principal":"*","Action":"oss:GetObject","Resource":"acs:oss:*:*:b/*",
            "Condition":{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}}]"#,
        ),
        (PolicyKind::Session, r#"[{"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:$UNFILLED/*"}]"#),
        (PolicyKind::Session, r#"[{"Effect":"Maybe"}]"#),
        (PolicyKind::Session, r#"[{"Effect":"Allow","Action":"oss:GetObject","Resource":5,"Wish":1}]"#),
        (
            PolicyKind::Session,
            r#"[{"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:b/a/*",
            "Condition":{"DateLessThan":{"acs:CurrentTime":"2001-01-01T00:00:00Z"}}}]"#,
        ),
        (PolicyKind::Session, "[{"),
    ];

    fn is_ours(text: &Text) -> bool {
        matches!(text, Text::Words(..))
    }

    #[test]
    fn every_finding_is_known() {
        let mut seen = std::collections::BTreeSet::new();
        for (kind, statements) in POLICIES {
            let text = format!(r#"{{"Version":"1","Statement":{statements}}}"#);
            for lint in lint_at(&text, *kind, &[], Some(START)) {
                let told = finding(&lint);
                assert!(is_ours(&told), "{}: {}", lint.code, lint.message);
                assert_eq!(told.english(), lint.message, "nothing is lost");
                if let Some((title, _)) = &lint.fix {
                    assert!(is_ours(&fix(title)), "{title}");
                }
                seen.insert(lint.code);
            }
        }
        let long = format!(
            r#"[{{"Effect":"Allow","Action":"oss:GetObject","Resource":"acs:oss:*:*:b/{}/*"}}]"#,
            "a".repeat(20_000)
        );
        for kind in [PolicyKind::Session, PolicyKind::Identity] {
            let found = lint(&format!(r#"{{"Version":"1","Statement":{long}}}"#), kind, &[]);
            let large = found.iter().find(|lint| lint.code == "too-large").unwrap();
            assert!(is_ours(&finding(large)), "{}", large.message);
            seen.insert(large.code);
        }
        let rules = include_str!("../../../../shared/src/ram/lint/statement.rs").to_owned()
            + include_str!("../../../../shared/src/ram/lint/whole.rs")
            + include_str!("../../../../shared/src/ram/lint/mod.rs");
        let codes = rules.split("out.push(\"").skip(1).filter_map(|rest| rest.split('"').next());
        for code in codes.chain(["no-list-parts", "no-abort"]) {
            assert!(seen.contains(code), "no policy here has the finding {code}");
        }
    }

    #[test]
    fn the_reasons_of_shipped_tests_are_known() {
        let suites = TEMPLATES.iter().filter_map(|template| Suite::parse(template.tests?).ok());
        let cases: Vec<_> = suites.flat_map(|suite| suite.cases).collect();
        assert!(!cases.is_empty() && cases.iter().all(|case| is_ours(&reason(&case.reason))));
    }

    #[test]
    fn an_escape_says_the_same() {
        let (statement, action) = (1, "oss:GetObject".to_owned());
        let object = Escape::Object { statement, action: action.clone(), bucket: "b".to_owned(), key: "k".to_owned() };
        for known in [
            object,
            Escape::Bucket { statement, action: action.clone(), bucket: "b".to_owned() },
            Escape::Listing { statement, action: action.clone(), prefix: None },
            Escape::Listing { statement, action: action.clone(), prefix: Some("照片".to_owned()) },
            Escape::Service { statement, action: action.clone() },
            Escape::OtherService { statement, action },
            Escape::TooComplex { statement },
        ] {
            assert_eq!(escape(&known).english(), known.to_string());
        }
    }
}
