//! Lifecycle rules: what OSS refuses, and what is due when.

use time::Duration;
use time::macros::datetime;

use super::*;

fn parse(rules: &str, allow_overlap: bool) -> Result<Lifecycle, OssError> {
    let xml = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    Lifecycle::parse(&xml, allow_overlap, &|| "made".to_owned())
}

fn rule(id: &str, prefix: &str, inside: &str) -> String {
    format!("<Rule><ID>{id}</ID><Prefix>{prefix}</Prefix><Status>Enabled</Status>{inside}</Rule>")
}

fn expire(days: u32) -> String {
    format!("<Expiration><Days>{days}</Days></Expiration>")
}

fn transition(days: u32, class: &str) -> String {
    format!("<Transition><Days>{days}</Days><StorageClass>{class}</StorageClass></Transition>")
}

fn noncurrent(days: u32, class: &str) -> String {
    format!(
        "<NoncurrentVersionTransition><NoncurrentDays>{days}</NoncurrentDays><StorageClass>{class}</StorageClass>\
         </NoncurrentVersionTransition>"
    )
}

const ABORT: &str = "<AbortMultipartUpload><Days>3</Days></AbortMultipartUpload>";
const MARKERS: &str = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
const TAG: &str = "<Tag><Key>k</Key><Value>v</Value></Tag>";
const NOT: &str = "<Filter><Not><Prefix>log</Prefix></Not></Filter>";

#[test]
fn a_rule_that_contradicts_itself_is_refused() {
    let (id255, id256) = ("i".repeat(255), "i".repeat(256));
    let one = |inside: &str| rule("a", "", inside);
    let expiration = |inside: &str| one(&format!("<Expiration>{inside}</Expiration>"));
    let moved = |inside: &str| one(&format!("<Transition>{inside}</Transition>"));
    let date = "<CreatedBeforeDate>2021-12-30T00:00:00.000Z</CreatedBeforeDate>";
    let (ia, days) = ("<StorageClass>IA</StorageClass>", "<Days>200</Days>");
    let (malformed, invalid) = (OssCode::MalformedXML, OssCode::InvalidArgument);
    assert!(parse(&rule(&id255, "", &expire(1)), false).is_ok());
    for (rules, code, ec) in [
        (String::new(), &malformed, "0014-00000013"),
        (rule(&id256, "", &expire(1)), &invalid, "0014-00000019"),
        (rule("a", "x", &expire(1)) + &rule("a", "y", &expire(1)), &invalid, "0014-00000020"),
        (one(""), &malformed, "0014-00000026"),
        (one(&format!("{TAG}{ABORT}")), &malformed, "0014-00000027"),
        (one(&format!("{TAG}{MARKERS}")), &malformed, "0014-00000027"),
        (one(&format!("{NOT}{MARKERS}")), &malformed, "0014-00000034"),
        (moved(&format!("{days}<StorageClass>test</StorageClass>")), &invalid, "0014-00000044"),
        (moved(&format!("{days}<StorageClass>Standard</StorageClass>")), &invalid, "0014-00000044"),
        (moved(&format!("<Date>2021-12-30T00:00:00.000Z</Date>{ia}")), &malformed, "0014-00000046"),
        (moved(&format!("{days}{date}{ia}")), &malformed, "0014-00000050"),
        (
            expiration(&format!("{days}<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>")),
            &malformed,
            "0014-00000059",
        ),
        (expiration(""), &malformed, "0014-00000060"),
        (expiration("<ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker>"), &malformed, "0014-00000060"),
        (expiration(&format!("{days}{date}")), &malformed, "0014-00000061"),
        (one(&noncurrent(1, "test")), &invalid, "0014-00000062"),
        (expiration("<Days>-100</Days>"), &invalid, "0014-00000086"),
        (expiration("<Days>0</Days>"), &invalid, "0014-00000086"),
        (expiration("<CreatedBeforeDate>2022-12-08</CreatedBeforeDate>"), &invalid, "0014-00000087"),
        (expiration("<CreatedBeforeDate>2022-12-08T01:00:00.000Z</CreatedBeforeDate>"), &invalid, "0014-00000087"),
        (one(&(transition(30, "IA") + &transition(20, "Archive"))), &invalid, ""),
        (one(&(transition(30, "IA") + &transition(40, "IA"))), &invalid, ""),
        (one(&(transition(30, "IA") + &expire(30))), &invalid, ""),
        (one(&(noncurrent(20, "IA") + &noncurrent(12, "Archive"))), &invalid, ""),
        ("<Rule><Prefix/><Expiration><Days>1</Days></Expiration></Rule>".to_owned(), &malformed, ""),
        (one("<Expiration><Days>1</Days></Expiration><Expiration><Days>1</Days></Expiration>"), &malformed, ""),
    ] {
        let error = parse(&rules, true).unwrap_err();
        assert_eq!((&error.code, error.ec.as_deref().unwrap_or_default()), (code, ec), "{rules}");
    }
    let many: String = (0..1001).map(|i| rule(&i.to_string(), &format!("p{i}/"), &expire(1))).collect();
    assert_eq!(parse(&many, false).unwrap_err().code, invalid);
}

#[test]
fn overlapping_prefixes_must_not_act_alike() {
    let two = |a: (&str, String), b: (&str, String)| rule("a", a.0, &a.1) + &rule("b", b.0, &b.1);
    let dated = "<Transition><CreatedBeforeDate>2021-12-30T00:00:00.000Z</CreatedBeforeDate>\
                 <StorageClass>Archive</StorageClass></Transition>";
    for (rules, ec) in [
        (two(("test", transition(30, "IA")), ("test/log", transition(60, "IA"))), Some("0014-00000079")),
        (two(("test", transition(30, "IA")), ("test/log", dated.to_owned())), Some("0014-00000080")),
        (two(("test", transition(120, "IA")), ("test/log", transition(60, "Archive"))), Some("0014-00000082")),
        (two(("test/log", expire(30)), ("", transition(60, "IA"))), Some("0014-00000082")),
        (two(("test", expire(200)), ("test/log", expire(100))), Some("0014-00000084")),
        (two(("test/log", ABORT.to_owned()), ("test", ABORT.to_owned())), Some("0014-00000084")),
        (two(("test", expire(200)), ("test", transition(100, "IA"))), Some("0014-00000085")),
        (two(("test", transition(30, "IA")), ("test/log", transition(60, "Archive"))), None),
        (two(("test", expire(200)), ("test/log", transition(100, "IA"))), None),
        (two(("tests/", expire(3)), ("tests1/", expire(3))), None),
        (two(("test", expire(3)), ("test", format!("{TAG}{}", expire(9)))), None),
    ] {
        let error = parse(&rules, false).err();
        assert_eq!(error.and_then(|error| error.ec).as_deref(), ec, "{rules}");
        assert!(parse(&rules, true).is_ok(), "{rules}");
    }
}

const MODIFIED: OffsetDateTime = datetime!(2022-07-20 07:00 UTC);

fn object(key: &str) -> Subject<'_> {
    Subject { key, tags: &[], size: 1 << 20, class: StorageClass::Standard, since: MODIFIED, accessed: None }
}

#[test]
fn days_count_from_the_next_midnight_of_utc() {
    let rules = parse(&rule("a", "", &expire(1)), false).unwrap();
    for (modified, due) in [
        (datetime!(2022-07-19 23:59:59 UTC), datetime!(2022-07-21 00:00 UTC)),
        (datetime!(2022-07-20 00:00 UTC), datetime!(2022-07-21 00:00 UTC)),
        (datetime!(2022-07-20 00:00:01 UTC), datetime!(2022-07-22 00:00 UTC)),
        (datetime!(2022-07-20 06:00 +8), datetime!(2022-07-21 00:00 UTC)),
    ] {
        let object = Subject { since: modified, ..object("k") };
        assert_eq!(rules.due(&object, due - Duration::SECOND), None, "{modified}");
        assert_eq!(rules.due(&object, due), Some(Due::Expire), "{modified}");
    }
    let last = Subject { since: time::PrimitiveDateTime::MAX.assume_utc(), ..object("k") };
    assert_eq!(rules.due(&last, last.since), None);
}

#[test]
fn of_all_that_is_due_the_last_is_done() {
    let rules = rule("a", "log/", &(transition(10, "IA") + &transition(20, "Archive") + &expire(30)))
        + &rule("b", "tmp/", "<Expiration><CreatedBeforeDate>2022-07-21T00:00:00Z</CreatedBeforeDate></Expiration>")
        + &rule("c", "old/", "<Expiration><Date>2022-07-25T00:00:00Z</Date></Expiration>")
        + &rule("d", "off/", &expire(1)).replace("Enabled", "Disabled");
    let rules = parse(&rules, false).unwrap();
    let (ia, archive) = (StorageClass::InfrequentAccess, StorageClass::Archive);
    for (key, class, days, expected) in [
        ("log/a", StorageClass::Standard, 10, None),
        ("log/a", StorageClass::Standard, 11, Some(Due::Transition(ia))),
        ("log/a", ia, 11, None),
        ("log/a", archive, 11, None),
        ("log/a", StorageClass::Standard, 21, Some(Due::Transition(archive))),
        ("log/a", ia, 21, Some(Due::Transition(archive))),
        ("log/a", archive, 31, Some(Due::Expire)),
        ("other", StorageClass::Standard, 999, None),
        ("tmp/a", StorageClass::Standard, 0, Some(Due::Expire)),
        ("old/a", StorageClass::Standard, 4, None),
        ("old/a", StorageClass::Standard, 5, Some(Due::Expire)),
        ("off/a", StorageClass::Standard, 999, None),
    ] {
        let subject = Subject { class, ..object(key) };
        assert_eq!(rules.due(&subject, MODIFIED + Duration::days(days)), expected, "{key} {class:?} after {days}");
    }
}

#[test]
fn tags_sizes_and_exceptions_choose_objects() {
    let filter = "<Filter><ObjectSizeGreaterThan>500</ObjectSizeGreaterThan><ObjectSizeLessThan>1000</ObjectSizeLessThan>\
                  <Not><Prefix>d/keep/</Prefix></Not><Not><Prefix></Prefix><Tag><Key>keep</Key><Value>1</Value></Tag></Not></Filter>";
    let rules = parse(&rule("a", "d/", &format!("{TAG}{filter}{}", expire(1))), false).unwrap();
    let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
    let (right, kept) = (tag("k", "v"), tag("keep", "1"));
    let due = Some(Due::Expire);
    for (key, tags, size, expected) in [
        ("d/a", vec![right.clone()], 501, due),
        ("d/a", vec![kept.clone(), right.clone()], 501, None),
        ("d/a", vec![tag("keep", "2"), right.clone()], 501, due),
        ("d/a", vec![tag("k", "other")], 501, None),
        ("d/a", vec![], 501, None),
        ("d/keep/a", vec![right.clone()], 501, None),
        ("d/a", vec![right.clone()], 500, None),
        ("d/a", vec![right.clone()], 999, due),
        ("d/a", vec![right.clone()], 1000, None),
    ] {
        let subject = Subject { tags: &tags, size, ..object(key) };
        assert_eq!(rules.due(&subject, MODIFIED + Duration::days(9)), expected, "{key} {tags:?} {size}");
    }
}

#[test]
fn access_time_counts_only_where_it_is_tracked() {
    let by_access = |more: &str| {
        let inside = format!(
            "<Transition><Days>5</Days><StorageClass>IA</StorageClass><IsAccessTime>true</IsAccessTime>{more}</Transition>"
        );
        parse(&rule("a", "", &inside), false).unwrap()
    };
    let (plain, small) = (by_access(""), by_access("<AllowSmallFile>true</AllowSmallFile>"));
    assert!(plain.needs_access_monitor());
    let (late, ia) = (MODIFIED + Duration::days(30), Some(Due::Transition(StorageClass::InfrequentAccess)));
    for (rules, size, accessed, expected) in [
        (&plain, SIXTY_FOUR_KB, None, None),
        (&plain, SIXTY_FOUR_KB, Some(MODIFIED + Duration::days(24)), ia),
        (&plain, SIXTY_FOUR_KB, Some(MODIFIED + Duration::days(26)), None),
        (&plain, SIXTY_FOUR_KB - 1, Some(MODIFIED), None),
        (&small, SIXTY_FOUR_KB - 1, Some(MODIFIED), ia),
    ] {
        assert_eq!(rules.due(&Subject { size, accessed, ..object("k") }, late), expected, "{size} {accessed:?}");
    }
}

const SIXTY_FOUR_KB: u64 = 65_536;

#[test]
fn versions_markers_and_uploads_have_rules_of_their_own() {
    let ended = "<NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration>";
    let rules = rule("a", "v/", &format!("{MARKERS}{ended}{}", noncurrent(10, "IA"))) + &rule("b", "u/", ABORT);
    let rules = parse(&rules, false).unwrap();
    let after = |days| MODIFIED + Duration::days(days);
    let version = object("v/a");
    assert_eq!(rules.due(&version, after(999)), None);
    assert_eq!(rules.noncurrent_due(&version, after(10)), None);
    assert_eq!(rules.noncurrent_due(&version, after(11)), Some(Due::Transition(StorageClass::InfrequentAccess)));
    assert_eq!(rules.noncurrent_due(&version, after(31)), Some(Due::Expire));
    assert_eq!(rules.noncurrent_due(&object("u/a"), after(999)), None);
    let marker = |key, days| rules.lone_marker_due(key, MODIFIED, after(days));
    assert_eq!((marker("v/a", 0), marker("v/a", 1), marker("u/a", 999)), (false, true, false));
    let upload = |key, days| rules.upload_due(key, MODIFIED, after(days));
    assert_eq!((upload("u/a", 3), upload("u/a", 4), upload("v/a", 999)), (false, true, false));
}
