//! The real app, its real jobs, emulator and app server: configure → select → upload → thumbnail, painted on the CPU. The
//! picture of each station is kept in the target folder's `tmp/window`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use client_ui::dialogs::{Dialogs, Pick, Picked};
use client_ui::paint::Painter;
use client_ui::queue::Upload;
use client_ui::settings::{Settings, ThemeChoice};
use client_ui::{App, TokioJobs, theme};
use demo::World;
use egui_kittest::kittest::Queryable as _;
use egui_kittest::{Harness, TestRenderer};
use image::RgbaImage;
use shared::clock::SystemClock;
use shared::credentials::Credentials;
use shared::secret::Secret;
use tokio::runtime::Runtime;
use transfer::{Client, CredentialsSource, Observer, ProgressFn, UploadOptions};

/// The name of the settings file.
const SETTINGS: &str = "settings.json";
/// The name of the folder of downloads.
pub const DOWNLOADS: &str = "Downloads";

/// A file dialog whose user always chooses the same file.
struct OneFile {
    path: PathBuf,
    opened: bool,
}

impl Dialogs for OneFile {
    fn pick(&mut self, _: Pick) {
        self.opened = true;
    }

    fn poll(&mut self) -> Option<Picked> {
        std::mem::take(&mut self.opened).then(|| Picked::Files(vec![self.path.clone()]))
    }
}

#[derive(Default)]
struct Cpu(Painter);

impl TestRenderer for Cpu {
    fn handle_delta(&mut self, delta: &mut egui::TexturesDelta) {
        self.0.apply(delta);
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<RgbaImage, String> {
        let scale = output.pixels_per_point;
        let primitives = ctx.tessellate(output.shapes.clone(), scale);
        let size = (ctx.viewport_rect().size() * scale).round();
        Ok(self.0.paint(&primitives, [size.x as u32, size.y as u32], scale, egui::Color32::BLACK))
    }
}

pub struct Desk {
    pub harness: Harness<'static, App>,
    woken: Receiver<()>,
    /// What the app's jobs run on: it ends with the app.
    jobs: Runtime,
    pub runtime: Runtime,
    pub world: World,
    pub folder: tempfile::TempDir,
    picture: PathBuf,
}

impl Desk {
    pub fn new(picture: &[u8], name: &str, settings: impl FnOnce(&World) -> Settings) -> Self {
        let (runtime, jobs) = (Runtime::new().unwrap(), Runtime::new().unwrap());
        let world = runtime.block_on(World::start()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, picture).unwrap();
        let settings = Settings { theme: ThemeChoice::Light, ..settings(&world) };
        settings.save(&folder.path().join(SETTINGS)).unwrap();
        let (harness, woken) = open(&jobs, &world, folder.path(), &path);
        Self { harness, woken, jobs, runtime, world, folder, picture: path }
    }

    /// Ends the app as a kill does, so that nobody is told and nothing more is written, and opens it again.
    pub fn kill_and_open(&mut self) {
        let jobs = std::mem::replace(&mut self.jobs, Runtime::new().unwrap());
        jobs.shutdown_timeout(Duration::from_secs(20));
        (self.harness, self.woken) = open(&self.jobs, &self.world, self.folder.path(), &self.picture);
        self.settle();
    }

    /// Runs until `reached`. What jobs report meanwhile may ask for frame after frame.
    pub fn until(&mut self, reached: impl Fn(&Self) -> bool) {
        for _ in 0..1000 {
            if reached(self) {
                return;
            }
            self.woken.recv_timeout(Duration::from_secs(20)).expect("the jobs go on");
            self.harness.run_ok();
        }
        panic!("that never comes");
    }

    /// Lets the jobs end and the app hear of it; then it is at rest.
    pub fn settle(&mut self) {
        self.harness.run_ok();
        for _ in 0..1000 {
            if self.harness.state().is_idle() {
                break;
            }
            self.woken.recv_timeout(Duration::from_secs(20)).expect("the jobs go on");
            self.harness.run_ok();
        }
        assert!(self.harness.state().is_idle(), "the jobs never end");
        self.harness.run();
    }

    pub fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.settle();
    }

    pub fn sees(&self, part: &str) -> bool {
        self.harness.query_all_by_label_contains(part).next().is_some()
    }

    pub fn keep(&mut self, name: &str) {
        let picture = self.harness.render().unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("window");
        std::fs::create_dir_all(&folder).unwrap();
        picture.save(folder.join(format!("{name}.png"))).unwrap();
    }

    pub fn close(self) {
        let Self { harness, jobs, runtime, world, folder, .. } = self;
        drop(harness);
        drop(jobs);
        runtime.block_on(world.stop());
        drop(folder);
    }
}

/// The app with what `folder` remembers; its user always chooses `picture`.
fn open(jobs: &Runtime, world: &World, folder: &Path, picture: &Path) -> (Harness<'static, App>, Receiver<()>) {
    let (wake, woken) = channel();
    let wake = Arc::new(move || {
        let _ = wake.send(());
    });
    let file = folder.join(SETTINGS);
    let settings = Settings::load(&file).unwrap();
    let jobs = TokioJobs::new(jobs.handle().clone(), world.clock.clone(), wake, Some(file))
        .downloading_into(folder.join(DOWNLOADS));
    let dialogs = OneFile { path: picture.to_owned(), opened: false };
    let app = App::new(settings, Box::new(jobs), Box::new(dialogs), world.clock.clone());
    let mut harness = Harness::builder()
        .with_size([1280.0, 860.0])
        .with_max_steps(12)
        // Files are called what they are called: what no font has is drawn as a box, as in the window.
        .allow_missing_glyphs()
        .renderer(Cpu::default())
        .with_context_setup(theme::install)
        .build_ui_state(|ui, app: &mut App| app.ui(ui), app);
    harness.run();
    (harness, woken)
}

#[test]
fn from_configure_to_the_watermarked_thumbnail() {
    let photo = samples::photo(1600, 1200, 5);
    let mut desk = Desk::new(&photo, "湖 at dawn.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        ..Settings::default()
    });
    desk.click("Configure");
    assert!(desk.sees(demo::world::PREFIX), "the token's prefix is shown");
    desk.click("Select Image");
    desk.keep("1-selected");
    desk.click("Resumable upload");
    desk.click("Upload");
    let crc64 = shared::crc64::crc64(&photo).to_string();
    assert!(desk.sees(&format!("{crc64}, equal")), "both checksums are shown, and that they are equal");
    desk.keep("2-uploaded");
    desk.click("Make a thumbnail");
    desk.harness.get_by_label("Watermark").click();
    desk.settle();
    desk.harness.get_by_label("Text").focus();
    desk.harness.run();
    desk.harness.get_by_label("Text").type_text("直传 2026");
    desk.settle();
    assert!(desk.harness.query_by_label("The thumbnail").is_some());
    let process = desk.harness.get_by_label("x-oss-process").value().unwrap_or_default();
    assert!(process.starts_with("image/resize,w_480/watermark,text_"), "the process is shown: {process}");
    desk.keep("3-thumbnail");

    // Keeping the result is a right of its own, which the token does not have.
    desk.click("Save");
    assert!(desk.sees("The picture was not kept"));
    desk.click("Why was I denied?");
    assert!(desk.sees("ProcessObject"), "the lab opens at what was refused");

    // What the window said is what OSS has.
    let key = shared::object_key::ObjectKey::parse("users/demo/湖 at dawn.jpg").unwrap();
    let client = desk.world.client(desk.world.app_provider().unwrap()).unwrap();
    let meta = desk.runtime.block_on(client.head(&key)).unwrap();
    assert_eq!((meta.size, meta.crc64.map(|crc| crc.to_string())), (photo.len() as u64, Some(crc64)));
    let user = &desk.world.emulator;
    let key_of_user = Credentials::long_term(&user.access_key_id, Secret::new(&user.access_key_secret));
    let user = desk.world.provider(CredentialsSource::Fixed(key_of_user), Observer::silent()).unwrap();
    let user = desk.world.client(user).unwrap();
    let small = shared::object_key::ObjectKey::parse("users/demo/small.jpg").unwrap();
    let size = desk.runtime.block_on(user.save_as(&key, "image/resize,w_32", &small)).unwrap();
    assert_eq!(desk.runtime.block_on(client.get(&small, None)).unwrap().len() as u64, size);
    desk.close();
}

#[test]
fn an_upload_that_was_cut_off_is_shown_part_by_part_and_goes_on() {
    const MIB: u64 = 1024 * 1024;
    let mut desk = Desk::new(&vec![7; 6 * MIB as usize], "large.bin", |world| Settings {
        app_server: world.token_url.clone(),
        ..Settings::default()
    });
    // What an earlier run of the app has left: it stopped after two parts or a few more.
    let options = UploadOptions::default();
    let stop = options.cancel.clone();
    let progress: ProgressFn = Arc::new(move |sent, _| {
        if sent > 2 * MIB {
            stop.pause();
        }
    });
    let options = UploadOptions { progress: Some(progress), ..options };
    let mut config = desk.world.client_config().unwrap();
    // Slow enough for reports to come in time: they are 50 ms apart.
    config.max_bytes_per_second = std::num::NonZeroU64::new(8 * MIB);
    let provider = desk.world.app_provider().unwrap();
    let client = Client::new(config, provider, Arc::new(SystemClock), Observer::silent()).unwrap();
    let key = shared::object_key::ObjectKey::parse("users/demo/large.bin").unwrap();
    let (file, uploads) = (desk.folder.path().join("large.bin"), desk.folder.path().join("uploads"));
    let outcome = desk.runtime.block_on(client.upload_resumable(&key, &file, &uploads, &options));
    assert_eq!(outcome.unwrap_err().code(), "Paused");

    desk.click("Configure");
    desk.harness.get_by_label_contains("Step 3 of 4").click();
    desk.settle();
    assert!(desk.sees("Unfinished: large.bin"));
    assert!(desk.sees("ListParts of OSS: ") && desk.sees("Checkpoint here: "), "both truths are shown");
    desk.keep("5-unfinished");
    desk.click("Resume");
    let crc64 = shared::crc64::crc64(&vec![7; 6 * MIB as usize]);
    assert!(desk.sees(&format!("{crc64}, equal")));
    assert!(desk.sees("Sent again"));
    assert!(!desk.sees("Unfinished"), "it is finished");
    desk.keep("6-resumed");
    desk.close();
}

#[test]
fn killed_in_mid_part_the_app_offers_to_go_on_and_remembers_how_it_ended() {
    const MIB: u64 = 1024 * 1024;
    const PARTS: u64 = 12;
    let bytes: Vec<u8> = (0..PARTS * MIB).map(|at| (at % 251) as u8).collect();
    let mut desk = Desk::new(&bytes, "large.bin", |world| Settings {
        app_server: world.token_url.clone(),
        object_name: "{prefix}{date}-{time}/{name}".to_owned(),
        // Slow enough to be killed half way.
        limit: 12_000,
        ..Settings::default()
    });
    desk.click("Configure");
    desk.click("Select Image");
    desk.click("Continue to Upload");
    desk.harness.get_by_label("Upload").click();
    desk.harness.run();
    let key = desk.harness.state().state().key();
    let done = |desk: &Desk| match desk.harness.state().state().upload() {
        Upload::Running { progress, .. } => u64::from(progress.parts_done),
        other => panic!("it ended too early: {other:?}"),
    };
    desk.until(|desk| done(desk) >= PARTS / 3);
    desk.keep("8-killed");
    desk.kill_and_open();
    assert!(desk.sees("was not finished when the app last ended"));
    desk.keep("9-offer");
    desk.click("Resume uploads");
    let Upload::Done(receipt) = desk.harness.state().state().upload() else { panic!("it did not end") };
    let crc64 = shared::crc64::crc64(&bytes);
    assert_eq!((receipt.key.as_str(), receipt.crc64, receipt.crc64_at_oss), (key.as_str(), crc64, Some(crc64)));
    let in_flight = 5 * MIB;
    assert!(receipt.held >= (PARTS / 3) * MIB, "no part is sent twice: {receipt:?}");
    assert!(receipt.resent <= in_flight, "{receipt:?}");
    assert!(desk.sees("Sent again") && desk.sees(&format!("{crc64}, equal")), "both are shown");
    desk.keep("10-gone-on");
    desk.kill_and_open();
    assert!(!desk.sees("not finished"));
    desk.harness.get_by_label_contains("Step 3 of 4").click();
    desk.settle();
    assert!(desk.sees(&format!("{key}: uploaded, CRC64 equal")), "the history");
    desk.keep("11-history");
    desk.close();
}

#[test]
fn many_files_go_up_side_by_side() {
    let mut desk = Desk::new(&[], "unused.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        limit: 20_000,
        ..Settings::default()
    });
    desk.click("Configure");
    desk.click("Odd names");
    let names: Vec<String> = samples::Set::OddNames.samples().into_iter().map(|sample| sample.name).collect();
    assert!(desk.sees(&format!("{} files", names.len())));
    desk.click("Continue to Upload");
    desk.click("Upload all");
    assert!(desk.sees(&format!("{} files, {} done", names.len(), names.len())));
    desk.keep("7-queue");
    let client = desk.world.client(desk.world.app_provider().unwrap()).unwrap();
    for name in names {
        let key = shared::object_key::ObjectKey::parse(&format!("users/demo/{name}")).unwrap();
        let file = std::fs::read(desk.folder.path().join("pictures/oddnames").join(&name)).unwrap();
        let meta = desk.runtime.block_on(client.head(&key)).unwrap();
        assert_eq!(meta.crc64, Some(shared::crc64::crc64(&file)), "{name}");
    }
    desk.close();
}

#[test]
fn outside_the_prefix_the_window_shows_the_refusal() {
    let mut desk = Desk::new(&samples::photo(320, 240, 5), "p.jpg", |world| Settings {
        app_server: world.token_url.clone(),
        object_name: "users/somebody-else/{name}".to_owned(),
        ..Settings::default()
    });
    desk.click("Configure");
    desk.click("Select Image");
    assert!(desk.sees("This lies outside users/demo/"));
    desk.click("Upload");
    for fact in ["AccessDenied", "0003-00000301"] {
        assert!(desk.sees(fact), "{fact} is not shown");
    }
    desk.keep("4-refused");
    desk.click("Use the token's folder");
    desk.click("Upload");
    assert!(desk.sees(", equal"));
    desk.close();
}
