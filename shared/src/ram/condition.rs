//! Conditions: the operators that RAM documents, over a context of request facts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::network::Network;
use super::pattern::{Case, Pattern};

/// What is known about a request: condition key (`acs:SourceIp`, `oss:Prefix`…) to its values. Key names ignore case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one value of `key`; a key may have several.
    pub fn insert(&mut self, key: &str, value: impl Into<String>) {
        self.0.entry(key.to_ascii_lowercase()).or_default().push(value.into());
    }

    /// As [`Context::insert`], for building in one expression.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.insert(key, value);
        self
    }

    /// The values of `key`; empty when the request has none.
    pub fn get(&self, key: &str) -> &[String] {
        self.0.get(&key.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    TextIgnoreCase,
    Like,
    Number,
    Date,
    Bool,
    Address,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// A condition operator of the RAM documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    name: &'static str,
    kind: Kind,
    compare: Compare,
}

const fn operator(name: &'static str, kind: Kind, compare: Compare) -> Operator {
    Operator { name, kind, compare }
}

/// The documented operators. IfExists, Null, ForAnyValue and ForAllValues are refused when RAM stores a policy.
static OPERATORS: [Operator; 22] = [
    operator("StringEquals", Kind::Text, Compare::Equal),
    operator("StringNotEquals", Kind::Text, Compare::NotEqual),
    operator("StringEqualsIgnoreCase", Kind::TextIgnoreCase, Compare::Equal),
    operator("StringNotEqualsIgnoreCase", Kind::TextIgnoreCase, Compare::NotEqual),
    operator("StringLike", Kind::Like, Compare::Equal),
    operator("StringNotLike", Kind::Like, Compare::NotEqual),
    operator("NumericEquals", Kind::Number, Compare::Equal),
    operator("NumericNotEquals", Kind::Number, Compare::NotEqual),
    operator("NumericLessThan", Kind::Number, Compare::Less),
    operator("NumericLessThanEquals", Kind::Number, Compare::LessEqual),
    operator("NumericGreaterThan", Kind::Number, Compare::Greater),
    operator("NumericGreaterThanEquals", Kind::Number, Compare::GreaterEqual),
    operator("DateEquals", Kind::Date, Compare::Equal),
    operator("DateNotEquals", Kind::Date, Compare::NotEqual),
    operator("DateLessThan", Kind::Date, Compare::Less),
    operator("DateLessThanEquals", Kind::Date, Compare::LessEqual),
    operator("DateGreaterThan", Kind::Date, Compare::Greater),
    operator("DateGreaterThanEquals", Kind::Date, Compare::GreaterEqual),
    operator("Bool", Kind::Bool, Compare::Equal),
    operator("IpAddress", Kind::Address, Compare::Equal),
    operator("NotIpAddress", Kind::Address, Compare::NotEqual),
    // A CIDR block is matched with its first and last address by both names.
    operator("IpAddressIncludeBorder", Kind::Address, Compare::Equal),
];

impl Operator {
    /// `None` for an operator that RAM does not document.
    pub fn parse(name: &str) -> Option<Self> {
        OPERATORS.iter().find(|operator| operator.name == name).copied()
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// What a policy value must look like, for an error message.
    pub fn expected_value(&self) -> &'static str {
        match self.kind {
            Kind::Text | Kind::TextIgnoreCase | Kind::Like => "a string",
            Kind::Number => "a number",
            Kind::Date => "an ISO 8601 time such as 2026-01-31T00:00:00Z",
            Kind::Bool => "true or false",
            Kind::Address => "an IP address or a CIDR block such as 192.0.2.0/24",
        }
    }
}

/// How one condition came out for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Met,
    NotMet,
    /// The request's value is not of the operator's type. A Deny then applies and an Allow does not.
    Unreadable,
}

/// One operator on one key: met when any of the values matches or, negated, when none does.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    operator: Operator,
    key: String,
    /// The key as contexts hold it.
    folded: String,
    values: Vec<(String, Operand)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Text(String),
    Pattern(Pattern),
    Number(f64),
    Date(OffsetDateTime),
    Bool(bool),
    Network(Network),
}

impl Condition {
    /// `Err(index)` points at the first value that is not of the operator's type.
    pub fn new(operator: Operator, key: &str, values: Vec<String>) -> Result<Self, usize> {
        let mut read = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let operand = policy_operand(operator.kind, &value).ok_or(index)?;
            read.push((value, operand));
        }
        Ok(Self { operator, key: key.to_owned(), folded: key.to_ascii_lowercase(), values: read })
    }

    pub fn operator(&self) -> Operator {
        self.operator
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// The policy's values as written.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(source, _)| source.as_str())
    }

    /// A key that the request lacks meets a negated operator alone (nothing equals it).
    pub fn outcome(&self, context: &Context) -> Outcome {
        let negated = self.operator.compare == Compare::NotEqual;
        let mut any = false;
        for presented in context.0.get(&self.folded).into_iter().flatten() {
            let Some(presented) = request_operand(self.operator.kind, presented) else {
                return Outcome::Unreadable;
            };
            any |= self.values.iter().any(|(_, wanted)| holds(self.operator.compare, wanted, &presented));
        }
        if any != negated { Outcome::Met } else { Outcome::NotMet }
    }
}

fn policy_operand(kind: Kind, value: &str) -> Option<Operand> {
    match kind {
        Kind::Like => Some(Operand::Pattern(Pattern::new(value, Case::Sensitive))),
        Kind::Address => Network::parse(value).map(Operand::Network),
        _ => request_operand(kind, value),
    }
}

fn request_operand(kind: Kind, value: &str) -> Option<Operand> {
    match kind {
        Kind::Text | Kind::Like => Some(Operand::Text(value.to_owned())),
        Kind::TextIgnoreCase => Some(Operand::Text(value.to_lowercase())),
        Kind::Number => value.parse::<f64>().ok().filter(|number| number.is_finite()).map(Operand::Number),
        Kind::Date => OffsetDateTime::parse(value, &Rfc3339).ok().map(Operand::Date),
        Kind::Bool => parse_bool(value).map(Operand::Bool),
        Kind::Address => value.parse::<IpAddr>().ok().map(|address| Operand::Network(Network::host(address))),
    }
}

fn parse_bool(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Whether `presented` stands in the relation to `wanted`; for `NotEqual` whether they are EQUAL (the caller negates).
fn holds(compare: Compare, wanted: &Operand, presented: &Operand) -> bool {
    use std::cmp::Ordering;
    let ordering = match (presented, wanted) {
        (Operand::Text(text), Operand::Pattern(pattern)) => return pattern.matches(text),
        (Operand::Network(host), Operand::Network(block)) => return block.contains(host),
        (Operand::Text(a), Operand::Text(b)) => Some(a.cmp(b)),
        (Operand::Number(a), Operand::Number(b)) => a.partial_cmp(b),
        (Operand::Date(a), Operand::Date(b)) => Some(a.cmp(b)),
        (Operand::Bool(a), Operand::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    };
    match compare {
        Compare::Equal | Compare::NotEqual => ordering == Some(Ordering::Equal),
        Compare::Less => ordering == Some(Ordering::Less),
        Compare::LessEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Compare::Greater => ordering == Some(Ordering::Greater),
        Compare::GreaterEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// operator, policy values, the request's values, whether it is met.
    const CASES: &[(&str, &[&str], &[&str], bool)] = &[
        ("StringEquals", &["a", "b"], &["b"], true),
        ("StringEquals", &["a"], &["A"], false),
        ("StringEquals", &["a"], &[], false),
        ("StringEquals", &["a*"], &["ab"], false),
        ("StringNotEquals", &["a", "b"], &["c"], true),
        ("StringNotEquals", &["a", "b"], &["b"], false),
        ("StringNotEquals", &["a"], &["c", "a"], false),
        ("StringNotEquals", &["a"], &[], true),
        ("StringEqualsIgnoreCase", &["ÄB"], &["äb"], true),
        ("StringNotEqualsIgnoreCase", &["A"], &["a"], false),
        ("StringLike", &["user1/*"], &["user1/a/b"], true),
        ("StringLike", &["user1/*"], &["user10/"], false),
        ("StringLike", &["user1/*"], &[""], false),
        ("StringNotLike", &["user1/*", "user2/*"], &["user2/x"], false),
        ("StringNotLike", &["user1/*"], &["user3/x"], true),
        ("NumericEquals", &["10"], &["10.0"], true),
        ("NumericNotEquals", &["10"], &["11"], true),
        ("NumericLessThan", &["10"], &["9"], true),
        ("NumericLessThan", &["10"], &["10"], false),
        ("NumericLessThanEquals", &["10"], &["10"], true),
        ("NumericGreaterThan", &["10"], &["10"], false),
        ("NumericGreaterThanEquals", &["10"], &["10"], true),
        ("DateEquals", &["2026-01-01T00:00:00Z"], &["2026-01-01T08:00:00+08:00"], true),
        ("DateNotEquals", &["2026-01-01T00:00:00Z"], &["2026-01-01T00:00:01Z"], true),
        ("DateLessThan", &["2026-01-01T00:00:00Z"], &["2025-12-31T23:59:59Z"], true),
        ("DateLessThanEquals", &["2026-01-01T00:00:00Z"], &["2026-01-01T00:00:00Z"], true),
        ("DateGreaterThan", &["2026-01-01T00:00:00Z"], &["2026-01-01T00:00:00Z"], false),
        ("DateGreaterThanEquals", &["2026-01-01T00:00:00Z"], &["2026-01-01T00:00:00Z"], true),
        ("Bool", &["true"], &["true"], true),
        ("Bool", &["false"], &["true"], false),
        ("Bool", &["false"], &[], false),
        ("IpAddress", &["192.0.2.0/24"], &["192.0.2.255"], true),
        ("IpAddress", &["192.0.2.0/24"], &["192.0.3.0"], false),
        ("IpAddress", &["192.0.2.7"], &["::ffff:192.0.2.7"], true),
        ("IpAddress", &["2001:db8::/32"], &["2001:db8:1::1"], true),
        ("IpAddress", &["0.0.0.0/0"], &["2001:db8::1"], false),
        ("IpAddress", &["::/0"], &["2001:db8::1"], true),
        ("NotIpAddress", &["192.0.2.0/24", "10.0.0.0/8"], &["10.1.2.3"], false),
        ("NotIpAddress", &["192.0.2.0/24"], &["198.51.100.1"], true),
        ("IpAddressIncludeBorder", &["192.0.2.0/24"], &["192.0.2.0"], true),
    ];

    #[test]
    fn every_operator_as_documented() {
        for (name, values, presented, met) in CASES {
            let operator = Operator::parse(name).unwrap();
            let condition =
                Condition::new(operator, "acs:Key", values.iter().map(|v| (*v).to_owned()).collect()).unwrap();
            let mut context = Context::new();
            presented.iter().for_each(|value| context.insert("ACS:key", *value));
            let expected = if *met { Outcome::Met } else { Outcome::NotMet };
            assert_eq!(condition.outcome(&context), expected, "{name} {values:?} on {presented:?}");
        }
        for operator in &OPERATORS {
            assert!(CASES.iter().any(|case| case.0 == operator.name), "no case for {}", operator.name);
        }
    }

    #[test]
    fn values_of_another_type_are_refused_or_unreadable() {
        for (name, bad) in [
            ("NumericEquals", "ten"),
            ("NumericEquals", "NaN"),
            ("DateLessThan", "2026-01-01"),
            ("Bool", "yes"),
            ("IpAddress", "192.0.2.0/33"),
        ] {
            let operator = Operator::parse(name).unwrap();
            assert_eq!(Condition::new(operator, "k", vec![bad.to_owned()]), Err(0), "{name} {bad}");
        }
        let newer = Condition::new(Operator::parse("NumericGreaterThan").unwrap(), "k", vec!["1".to_owned()]).unwrap();
        assert_eq!(newer.outcome(&Context::new().with("k", "ten")), Outcome::Unreadable);
        for unsupported in
            ["StringEqualsIfExists", "Null", "ForAnyValue:StringLike", "NotIpAddressIncludeBorder", "stringequals"]
        {
            assert!(Operator::parse(unsupported).is_none(), "{unsupported}");
        }
    }
}
