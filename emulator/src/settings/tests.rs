//! Every setting from what clients send to what GET returns; and no text whatever that stops a parser.

use std::cell::Cell;

use proptest::prelude::*;
use shared::error::{OssCode, OssError};
use time::OffsetDateTime;

use super::*;

/// Puts `body`, naming rules `id-1`, `id-2`…
fn put(name: &str, body: &str) -> Result<String, OssError> {
    let count = Cell::new(0);
    let new_id = || {
        count.set(count.get() + 1);
        format!("id-{}", count.get())
    };
    Setting::of(name).unwrap().put(body, &Put { allow_overlap: false, new_id: &new_id })
}

/// Without the declaration and the white space between elements.
fn compact(xml: &str) -> String {
    let body = xml.trim_start_matches("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    body.split('>')
        .map(|piece| if piece.trim().starts_with('<') { piece.trim_start() } else { piece })
        .collect::<Vec<_>>()
        .join(">")
        .trim()
        .to_owned()
}

/// Setting, what a client puts, what it gets; nothing where it gets what it put.
const ROUND_TRIPS: &[(&str, &str, &str)] = &[
    (
        "cors",
        "<?xml version=\"1.0\"?>\n<CORSConfiguration>\n <CORSRule><AllowedMethod>GET</AllowedMethod>\
         <AllowedOrigin>Jsd&gt;&gt;S5swN</AllowedOrigin><AllowedHeader>WqFg#jPAj(</AllowedHeader>\
         <ExposeHeader>|K+k~ wJIC</ExposeHeader><MaxAgeSeconds>33012</MaxAgeSeconds></CORSRule></CORSConfiguration>",
        "<CORSConfiguration><CORSRule><AllowedOrigin>Jsd&gt;&gt;S5swN</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
         <AllowedHeader>wqfg#jpaj(</AllowedHeader><ExposeHeader>|K+k~ wJIC</ExposeHeader>\
         <MaxAgeSeconds>33012</MaxAgeSeconds></CORSRule><ResponseVary>false</ResponseVary></CORSConfiguration>",
    ),
    (
        "referer",
        "<RefererConfiguration><AllowEmptyReferer>True</AllowEmptyReferer><RefererList />\
         <RefererBlacklist><Referer>z\\E2$-X9UQ</Referer></RefererBlacklist></RefererConfiguration>",
        "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>\
         <AllowTruncateQueryString>true</AllowTruncateQueryString><TruncatePath>false</TruncatePath>\
         <RefererList></RefererList><RefererBlacklist><Referer>z\\E2$-X9UQ</Referer></RefererBlacklist>\
         </RefererConfiguration>",
    ),
    (
        "lifecycle",
        "<LifecycleConfiguration><Rule><Filter><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><Not><Prefix>a</Prefix>\
         <Tag><Key>k</Key><Value>v</Value></Tag></Not></Filter><Expiration>\
         <CreatedBeforeDate>2024-01-01T00:00:00Z</CreatedBeforeDate></Expiration><Transition>\
         <CreatedBeforeDate>2023-12-16T00:00:00.000Z</CreatedBeforeDate><StorageClass>IA</StorageClass>\
         <IsAccessTime>false</IsAccessTime></Transition><Status>Enabled</Status></Rule></LifecycleConfiguration>",
        "<LifecycleConfiguration><Rule><ID>id-1</ID><Prefix></Prefix><Status>Enabled</Status><Filter>\
         <ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><Not><Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>\
         </Not></Filter><Expiration><CreatedBeforeDate>2024-01-01T00:00:00.000Z</CreatedBeforeDate></Expiration>\
         <Transition><CreatedBeforeDate>2023-12-16T00:00:00.000Z</CreatedBeforeDate><StorageClass>IA</StorageClass>\
         <IsAccessTime>false</IsAccessTime></Transition></Rule></LifecycleConfiguration>",
    ),
    (
        "lifecycle",
        "<LifecycleConfiguration><Rule><ID>r 1</ID><Prefix>中文前缀+/</Prefix><Status>Disabled</Status>\
         <Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value></Value></Tag>\
         <Expiration><Days>400</Days></Expiration>\
         <Transition><Days>10</Days><StorageClass>IA</StorageClass></Transition>\
         <Transition><Days>20</Days><StorageClass>Archive</StorageClass></Transition>\
         <NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration>\
         <NoncurrentVersionTransition><NoncurrentDays>12</NoncurrentDays><StorageClass>IA</StorageClass>\
         <IsAccessTime>true</IsAccessTime><ReturnToStdWhenVisit>true</ReturnToStdWhenVisit>\
         <AllowSmallFile>false</AllowSmallFile></NoncurrentVersionTransition></Rule>\
         <Rule><ID>2</ID><Prefix>b</Prefix><Status>Enabled</Status><Expiration>\
         <ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>\
         <AbortMultipartUpload><Days>3</Days></AbortMultipartUpload></Rule>\
         <Rule><ID>3</ID><Prefix>c</Prefix><Status>Enabled</Status><Expiration>\
         <Date>2100-12-25T00:00:00.000Z</Date></Expiration></Rule></LifecycleConfiguration>",
        "",
    ),
    (
        "lifecycle",
        "<LifecycleConfiguration><Rule><Prefix>p/</Prefix><Status>Enabled</Status><Days>3</Days><Expiration><Days>3</Days>\
         </Expiration><ID>r</ID></Rule></LifecycleConfiguration>",
        "<LifecycleConfiguration><Rule><ID>r</ID><Prefix>p/</Prefix><Status>Enabled</Status><Expiration><Days>3</Days>\
         </Expiration></Rule></LifecycleConfiguration>",
    ),
    (
        "tagging",
        "<Tagging><TagSet><Tag><Key>k1</Key><Value>v1</Value></Tag><Tag><Key>k2</Key></Tag></TagSet></Tagging>",
        "<Tagging><TagSet><Tag><Key>k1</Key><Value>v1</Value></Tag><Tag><Key>k2</Key><Value></Value></Tag></TagSet></Tagging>",
    ),
    (
        "encryption",
        "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
         <KMSMasterKeyID></KMSMasterKeyID></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>",
        "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
         </ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>",
    ),
    (
        "encryption",
        "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>KMS</SSEAlgorithm>\
         <KMSMasterKeyID>9468da86</KMSMasterKeyID><KMSDataEncryption>SM4</KMSDataEncryption>\
         </ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>",
        "",
    ),
    (
        "logging",
        "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket></LoggingEnabled></BucketLoggingStatus>",
        "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix></TargetPrefix>\
         </LoggingEnabled></BucketLoggingStatus>",
    ),
    ("logging", "<BucketLoggingStatus />", "<BucketLoggingStatus></BucketLoggingStatus>"),
    (
        "userDefinedLogFieldsConfig",
        "<UserDefinedLogFieldsConfiguration><HeaderSet><header>;YRUmR^oOZ</header><header>h</header></HeaderSet>\
         <ParamSet><parameter>&gt;SS#m7k?)T</parameter></ParamSet></UserDefinedLogFieldsConfiguration>",
        "",
    ),
    (
        "website",
        "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix><SupportSubDir>true</SupportSubDir>\
         <Type>0</Type></IndexDocument><ErrorDocument><Key>error.html</Key><HttpStatus>404</HttpStatus></ErrorDocument>\
         <RoutingRules><RoutingRule><RuleNumber>2</RuleNumber><Condition><KeySuffixEquals>bbc/</KeySuffixEquals>\
         <HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals><IncludeHeader><Key>key21</Key>\
         <Equals>value21</Equals></IncludeHeader><KeyPrefixEquals>~!@#$%^&amp;*()-_=+|\\[]{}&lt;&gt;,./?`~</KeyPrefixEquals>\
         </Condition><Redirect><ReplaceKeyWith>prefix/${key}.suffix</ReplaceKeyWith>\
         <PassQueryString>false</PassQueryString><HttpRedirectCode>301</HttpRedirectCode><Protocol>http</Protocol>\
         <RedirectType>AliCDN</RedirectType><HostName>example.com</HostName></Redirect></RoutingRule></RoutingRules>\
         </WebsiteConfiguration>",
        "",
    ),
    (
        "httpsConfig",
        "<HttpsConfiguration><TLS><Enable>true</Enable><TLSVersion>TLSv1.2</TLSVersion><TLSVersion>TLSv1.2</TLSVersion>\
         <TLSVersion>TLSv1.3</TLSVersion></TLS><CipherSuite><Enable>true</Enable><StrongCipherSuite>false</StrongCipherSuite>\
         <CustomCipherSuite>A</CustomCipherSuite><TLS13CustomCipherSuite>B</TLS13CustomCipherSuite></CipherSuite>\
         </HttpsConfiguration>",
        "<HttpsConfiguration><TLS><Enable>true</Enable><TLSVersion>TLSv1.2</TLSVersion><TLSVersion>TLSv1.3</TLSVersion>\
         </TLS><CipherSuite><Enable>true</Enable><StrongCipherSuite>false</StrongCipherSuite>\
         <CustomCipherSuite>A</CustomCipherSuite><TLS13CustomCipherSuite>B</TLS13CustomCipherSuite></CipherSuite>\
         </HttpsConfiguration>",
    ),
    ("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", ""),
    ("requestPayment", "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>", ""),
    (
        "transferAcceleration",
        "<TransferAccelerationConfiguration><Enabled>True</Enabled></TransferAccelerationConfiguration>",
        "<TransferAccelerationConfiguration><Enabled>true</Enabled></TransferAccelerationConfiguration>",
    ),
    ("accessmonitor", "<AccessMonitorConfiguration><Status>Disabled</Status></AccessMonitorConfiguration>", ""),
    (
        "bucketArchiveDirectRead",
        "<ArchiveDirectReadConfiguration><Enabled>true</Enabled></ArchiveDirectReadConfiguration>",
        "",
    ),
    (
        "publicAccessBlock",
        "<PublicAccessBlockConfiguration/>",
        "<PublicAccessBlockConfiguration><BlockPublicAccess>false</BlockPublicAccess></PublicAccessBlockConfiguration>",
    ),
    (
        "resourceGroup",
        "<BucketResourceGroupConfiguration><ResourceGroupId>rg-aekz</ResourceGroupId></BucketResourceGroupConfiguration>",
        "",
    ),
    (
        "img",
        "<Channel><OrigPicForbidden>true</OrigPicForbidden><StyleDelimiters>!,-</StyleDelimiters></Channel>",
        "<Channel><Status>Enabled</Status><OrigPicForbidden>True</OrigPicForbidden><UseStyleOnly>False</UseStyleOnly>\
         <StyleDelimiters>!-</StyleDelimiters><Default404Pic></Default404Pic><AutoSetContentType>False</AutoSetContentType>\
         <UseSrcFormat>False</UseSrcFormat><SetAttachName>False</SetAttachName></Channel>",
    ),
    (
        "policy",
        r#"{ "Version": "1", "Statement": [{"Action":["oss:PutObject"],"Effect":"Allow","Resource":["acs:oss:*:*:b"]}]}"#,
        "",
    ),
];

#[test]
fn what_is_put_comes_back_normalised() {
    for (name, given, expected) in ROUND_TRIPS {
        let stored = put(name, given).unwrap_or_else(|error| panic!("{name}: {error} {:?}", error.details));
        let expected = if expected.is_empty() { given } else { expected };
        assert_eq!(compact(&stored), *expected, "{name}");
        assert_eq!(put(name, &stored).as_deref(), Ok(stored.as_str()), "{name}: putting back what was got");
        assert_eq!(Setting::of(name).unwrap().get(Some(&stored)), Ok(stored));
    }
    for setting in &SETTINGS {
        assert!(ROUND_TRIPS.iter().any(|(name, ..)| *name == setting.name), "no case for {}", setting.name);
    }
}

#[test]
fn a_bucket_without_it_answers_as_oss_does() {
    for (name, expected) in [
        ("accessmonitor", Ok("<Status>Disabled</Status>")),
        ("bucketArchiveDirectRead", Err("NoSuchArchiveDirectReadConfiguration")),
        ("cors", Err("NoSuchCORSConfiguration")),
        ("encryption", Err("NoSuchServerSideEncryptionRule")),
        ("httpsConfig", Ok("<TLS><Enable>false</Enable></TLS>")),
        ("lifecycle", Err("NoSuchLifecycle")),
        ("logging", Ok("<BucketLoggingStatus></BucketLoggingStatus>")),
        ("policy", Err("NoSuchBucketPolicy")),
        ("publicAccessBlock", Ok("<BlockPublicAccess>false</BlockPublicAccess>")),
        ("referer", Ok("<AllowEmptyReferer>true</AllowEmptyReferer>")),
        ("requestPayment", Ok("<Payer>BucketOwner</Payer>")),
        ("resourceGroup", Ok("<ResourceGroupId>rg-")),
        ("tagging", Ok("<Tagging><TagSet></TagSet></Tagging>")),
        ("transferAcceleration", Err("NoSuchTransferAccelerationConfiguration")),
        ("userDefinedLogFieldsConfig", Err("NoSuchUserDefinedLogFieldsConfig")),
        ("versioning", Ok("<VersioningConfiguration></VersioningConfiguration>")),
        ("website", Err("NoSuchWebsiteConfiguration")),
    ] {
        match (Setting::of(name).unwrap().get(None), expected) {
            (Ok(xml), Ok(part)) => assert!(compact(&xml).contains(part), "{name}: {xml}"),
            (Err(error), Err(code)) => {
                assert_eq!((error.code, error.status), (OssCode::from_wire(code), 404), "{name}");
            }
            (found, expected) => panic!("{name}: {found:?} instead of {expected:?}"),
        }
    }
    assert!(Setting::of("style").is_none() && Setting::of("acl").is_none());
}

#[test]
fn every_setting_refuses_what_is_not_its_xml() {
    for setting in SETTINGS.iter().filter(|setting| setting.name != "policy") {
        for body in ["", "{}", "<This is a bad xml></bad as I am>", "<Other/>", "<!DOCTYPE x><x/>"] {
            let error = put(setting.name, body).unwrap_err();
            assert_eq!(error.code, OssCode::MalformedXML, "{} {body}", setting.name);
            assert!(error.find_detail("ErrorDetail").is_some_and(|why| !why.is_empty()));
        }
    }
}

/// Hands `text` to every parser.
fn feed(text: &str) {
    for setting in &SETTINGS {
        if let Ok(stored) = put(setting.name, text) {
            assert_eq!(put(setting.name, &stored).as_deref(), Ok(stored.as_str()), "{}", setting.name);
        }
    }
    let _ = tagging::parse_object(text);
    let _ = tagging::parse_header(text);
    let _ = create_bucket::CreateBucket::parse(text, "cn-hangzhou");
    let _ = style::Style::put(text, Some(text), text, None, OffsetDateTime::UNIX_EPOCH);
    let _ = style::Style::read(text);
    let _ = lifecycle::Lifecycle::read(text);
    let _ = acl::Acl::of_object(text);
    let _ = referer::Referers::default().admit(Some(text));
}

/// A body of a case above with a stretch of it replaced.
fn damaged() -> impl Strategy<Value = String> {
    (0..ROUND_TRIPS.len(), any::<prop::sample::Index>(), 0..40_usize, "[<>/&;a-zA-Z0-9*.:é\u{0}-\u{1f} -]{0,12}")
        .prop_map(|(case, from, length, inserted)| {
            let text: Vec<char> = ROUND_TRIPS[case].1.chars().collect();
            let from = from.index(text.len());
            let to = (from + length).min(text.len());
            text[..from].iter().copied().chain(inserted.chars()).chain(text[to..].iter().copied()).collect()
        })
}

proptest! {
    #[test]
    fn no_text_stops_a_parser(text in any::<String>()) {
        feed(&text);
    }

    #[test]
    fn no_damage_stops_a_parser(text in damaged()) {
        feed(&text);
    }
}
