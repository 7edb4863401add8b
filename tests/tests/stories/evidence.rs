//! The evidence of a run: complete, without a secret, the same again for the same seed and clock, and a page that a browser shows.

use std::path::{Path, PathBuf};
use std::process::Command;

use demo::evidence::{Evidence, Log};
use demo::flow;
use demo::report::Outcome;
use demo::world::{World, WorldOptions};
use serde_json::Value;
use shared::timefmt;
use transfer::CredentialsSource;

const SEED: u64 = 7;

/// A run as `demo --headless --report` makes it, written to `page`; every secret that it knew.
async fn run(page: &Path, clock: &str) -> (Evidence, Vec<String>) {
    let folder = page.parent().unwrap();
    let image = folder.join("photo.jpg");
    // Large enough for some parts.
    std::fs::write(&image, samples::photo(2400, 1800, SEED)).unwrap();
    let log = Log::default();
    let options =
        WorldOptions { clock: timefmt::parse_iso8601(clock), observer: log.observer(), ..WorldOptions::default() };
    let world = World::start_as(options).await.unwrap();
    log.mark(&world);
    let mut secrets = vec![world.emulator.access_key_secret.clone(), world.emulator.access_key_id.clone()];
    // Those that the flow will be given, for the app server gives the same ones again: of the first life, and of the last.
    secrets.extend(secrets_of(&world).await);
    let report = flow::run(&world, &image, "a story's", folder, |_| log.mark(&world)).await.unwrap();
    secrets.extend(secrets_of(&world).await);
    assert!(report.ok, "{:#?}", report.steps);
    let evidence = Evidence::collect(&world, &report, &log, &image, SEED).await.unwrap();
    evidence.write(page).unwrap();
    world.stop().await;
    (evidence, secrets)
}

async fn secrets_of(world: &World) -> Vec<String> {
    let source = CredentialsSource::AppServer { url: world.token_url.clone(), bearer: None };
    let held = world.provider(source, transfer::Observer::silent()).unwrap().credentials().await.unwrap();
    let token = held.security_token.as_ref().unwrap().expose().to_owned();
    vec![held.access_key_secret.expose().to_owned(), token, held.access_key_id]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_tells_all_but_secrets_and_comes_out_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let (evidence, secrets) = run(&page, "2026-03-01T08:00:00Z").await;
    let html = std::fs::read_to_string(&page).unwrap();
    let text = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    assert!(secrets.len() == 8 && secrets.iter().all(|secret| secret.len() >= 12));
    for secret in &secrets {
        assert!(!html.contains(secret.as_str()) && !text.contains(secret.as_str()), "{secret} is in the report");
    }
    // Complete in itself: nothing to load, nothing to run.
    for foreign in ["http://", "https://", "<script", "<link", "url(", "@import"] {
        assert!(!html.contains(foreign), "{foreign}");
    }
    let json: Value = serde_json::from_str(&text).unwrap();
    let facts = &json["facts"];
    assert_eq!(json["digest"], evidence.digest.as_str());
    assert_eq!(
        facts["parts"].as_array().unwrap().iter().map(|part| part["bytes"].as_u64().unwrap()).sum::<u64>(),
        facts["picture"]["bytes"].as_u64().unwrap()
    );
    assert!(facts["parts"].as_array().unwrap().len() > 1, "{}", facts["parts"]);
    let cells = facts["matrix"]["cells"].as_array().unwrap();
    assert!(
        cells.len() > 40 && cells.iter().all(|cell| cell["observed"].is_null() || cell["observed"] == cell["allowed"]),
        "{cells:#?}"
    );
    assert_eq!(facts["matrix"]["confined"], true);
    assert_eq!(facts["minimal"]["holds"], true);
    assert_eq!(
        facts["minimal"]["policy"]["Statement"][0]["Action"],
        serde_json::json!(["oss:GetObject", "oss:PutObject"])
    );
    assert_eq!(facts["steps"][9]["detail"]["calls of STS"], 1);
    assert_eq!(facts["results"].as_array().unwrap().len(), 2);
    for told in [
        evidence.digest.as_str(),
        "AssumeRole",
        "CompleteMultipartUpload",
        "SecurityTokenExpired",
        "0003-00000301",
        "data:image/jpeg;base64,",
    ] {
        assert!(html.contains(told), "{told}");
    }

    let elsewhere = tempfile::tempdir().unwrap();
    let (again, _) = run(&elsewhere.path().join("again.html"), "2026-03-01T08:00:00Z").await;
    let [once, twice] = [&evidence, &again].map(|evidence| serde_json::to_string_pretty(&evidence.facts).unwrap());
    assert_eq!(once, twice);
    assert_eq!(evidence.digest, again.digest);
}

/// A browser, where one is installed.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_the_report_at_the_width_of_a_phone_and_of_a_desk() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium is installed");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    run(&page, "2026-03-01T08:00:00Z").await;
    // The test's own script in the page tells its width and that of what is in it, the pictures that are there, and the sections.
    let asking = std::fs::read_to_string(&page).unwrap().replace("default-src 'none'", "script-src 'unsafe-inline'");
    let script = "<script>onload=()=>{const d=document.documentElement;parent.postMessage([d.clientWidth,d.scrollWidth,\
        [...document.images].filter(i=>i.naturalWidth).length,document.querySelectorAll('section').length].join(' '),'*')}</script>";
    std::fs::write(folder.path().join("asking.html"), asking.replace("</body>", &format!("{script}</body>"))).unwrap();
    for width in [360, 1280] {
        // A browser's window has a least width, and a frame has none.
        let frame = format!(
            "<body><script>onmessage=e=>document.body.dataset.told=e.data</script>\
             <iframe src=asking.html width={width} height=800 style=border:0></iframe>"
        );
        let path = folder.path().join(format!("{width}.html"));
        std::fs::write(&path, frame).unwrap();
        let shown = shown(&browser, folder.path(), &path);
        assert!(shown.contains(&format!("data-told=\"{width} {width} 2 8\"")), "{shown}");
    }
}

/// The document as the browser has it once it has come to rest.
fn shown(browser: &Path, folder: &Path, page: &Path) -> String {
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=10000"]);
    command.arg(format!("--user-data-dir={}", folder.join("profile").display())).arg("--dump-dom");
    let output = command.arg(format!("file://{}", page.display())).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The flow under a session policy of one's own, whatever comes of it.
async fn flow_under(policy: &Value, image: &Path) -> Vec<demo::report::Step> {
    let options = WorldOptions { policy: policy.to_string(), ..WorldOptions::default() };
    let world = World::start_as(options).await.unwrap();
    let report = flow::run(&world, image, "a story's", image.parent().unwrap(), |_| {}).await.unwrap();
    world.stop().await;
    report.steps
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_policy_of_a_run_is_enough_for_it_and_none_of_its_actions_could_go() {
    let folder = tempfile::tempdir().unwrap();
    let (evidence, _) = run(&folder.path().join("report.html"), "2026-03-01T08:00:00Z").await;
    let image = folder.path().join("photo.jpg");
    let policy = evidence.facts.minimal.unwrap().policy;
    let failed = |steps: &[demo::report::Step]| {
        steps.iter().find(|step| step.outcome == Outcome::Failed).map(|step| step.number)
    };
    let steps = flow_under(&policy, &image).await;
    assert_eq!(failed(&steps), None, "{steps:#?}");
    let actions = policy["Statement"][0]["Action"].as_array().unwrap();
    assert_eq!((policy["Statement"].as_array().unwrap().len(), actions.len()), (1, 2));
    // The step that each action is first needed for.
    for (action, step) in [("oss:GetObject", 4), ("oss:PutObject", 2)] {
        let mut without = policy.clone();
        let rest: Vec<&Value> = actions.iter().filter(|other| *other != action).collect();
        without["Statement"][0]["Action"] = serde_json::json!(rest);
        assert_eq!(failed(&flow_under(&without, &image).await), Some(step), "without {action}");
    }
}
