//! What comes with the app: the regions of OSS with their public endpoints, and an app server on this machine.

use shared::region::Region;

use crate::settings::Settings;
use crate::words::word;

/// Where `server` listens when its configuration says nothing else.
pub const OWN_APP_SERVER: &str = "http://127.0.0.1:7080/sts";

/// OSS's regions: id, and where that is.
pub const REGIONS: &[(&str, &str)] = &[
    ("cn-hangzhou", word("China (Hangzhou)")),
    ("cn-shanghai", word("China (Shanghai)")),
    ("cn-qingdao", word("China (Qingdao)")),
    ("cn-beijing", word("China (Beijing)")),
    ("cn-zhangjiakou", word("China (Zhangjiakou)")),
    ("cn-huhehaote", word("China (Hohhot)")),
    ("cn-wulanchabu", word("China (Ulanqab)")),
    ("cn-shenzhen", word("China (Shenzhen)")),
    ("cn-heyuan", word("China (Heyuan)")),
    ("cn-guangzhou", word("China (Guangzhou)")),
    ("cn-chengdu", word("China (Chengdu)")),
    ("cn-hongkong", word("China (Hong Kong)")),
    ("ap-northeast-1", word("Japan (Tokyo)")),
    ("ap-northeast-2", word("South Korea (Seoul)")),
    ("ap-southeast-1", word("Singapore")),
    ("ap-southeast-3", word("Malaysia (Kuala Lumpur)")),
    ("ap-southeast-5", word("Indonesia (Jakarta)")),
    ("ap-southeast-6", word("Philippines (Manila)")),
    ("ap-southeast-7", word("Thailand (Bangkok)")),
    ("us-west-1", word("US (Silicon Valley)")),
    ("us-east-1", word("US (Virginia)")),
    ("eu-central-1", word("Germany (Frankfurt)")),
    ("eu-west-1", word("UK (London)")),
    ("me-east-1", word("UAE (Dubai)")),
];

/// Fills region and public endpoint of `id`; bucket and app server stay.
pub fn use_region(id: &str, settings: &mut Settings) {
    let Ok(region) = Region::parse(id) else { return };
    settings.region = id.to_owned();
    settings.endpoint = region.public_endpoint();
    settings.cname = false;
}

/// An app server of one's own on this machine, which says itself where to upload.
pub fn use_own_app_server(settings: &mut Settings) {
    settings.app_server = OWN_APP_SERVER.to_owned();
    for told in [&mut settings.bucket, &mut settings.region, &mut settings.endpoint] {
        told.clear();
    }
    settings.cname = false;
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::region::Endpoint;

    #[test]
    fn each_region_fills_what_belongs_to_it() {
        for (id, _) in REGIONS {
            let mut settings = Settings { bucket: "photos".to_owned(), cname: true, ..Settings::default() };
            use_region(id, &mut settings);
            assert_eq!((settings.region.as_str(), settings.bucket.as_str(), settings.cname), (*id, "photos", false));
            assert_eq!(Endpoint::parse(&settings.endpoint).unwrap().host(), format!("oss-{id}.aliyuncs.com"));
        }
        let mut settings = Settings { bucket: "photos".to_owned(), ..Settings::default() };
        use_own_app_server(&mut settings);
        assert_eq!((settings.app_server.as_str(), settings.bucket.as_str()), (OWN_APP_SERVER, ""));
    }
}
