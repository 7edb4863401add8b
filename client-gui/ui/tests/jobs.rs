//! The real jobs on a real runtime, as far as they need no server: dead addresses, pictures, settings.

// The lints know tests by their attribute, and these helpers have none.
#![allow(clippy::expect_used, clippy::panic)]

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use client_ui::command::{Command, Event, Hop, HopOutcome, JobId, Kept, MemoryCommand, MemoryEvent, Place, Reach};
use client_ui::problem::Help;
use client_ui::{Jobs, Settings, TokioJobs};
use shared::clock::SystemClock;
use tokio::runtime::{Builder, Runtime};

const JOB: JobId = JobId(7);

struct Bench {
    jobs: TokioJobs,
    woken: Receiver<()>,
    _runtime: Runtime,
}

impl Bench {
    fn new(settings_file: Option<PathBuf>) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (wake, woken) = channel();
        let wake = Arc::new(move || wake.send(()).unwrap_or_default());
        let jobs = TokioJobs::new(runtime.handle().clone(), Arc::new(SystemClock), wake, settings_file);
        Self { jobs, woken, _runtime: runtime }
    }

    /// Runs `command` until nothing is under way, and returns what was reported.
    fn run(&mut self, command: Command) -> Vec<Event> {
        self.jobs.run(command);
        let mut events = Vec::new();
        loop {
            self.woken.recv_timeout(Duration::from_secs(30)).expect("a job that ends wakes the window");
            let idle = self.jobs.is_idle();
            events.extend(std::iter::from_fn(|| self.jobs.poll()));
            if idle {
                return events;
            }
        }
    }

    fn connect(&mut self, place: Place) -> Vec<Event> {
        self.run(Command::Connect { job: JOB, place, reach: Reach::Oss })
    }
}

fn failed_at(events: &[Event]) -> Option<(Hop, &str, Help)> {
    events.iter().find_map(|event| match event {
        Event::Hop { job: JOB, hop, outcome: HopOutcome::Failed(problem) } => {
            Some((*hop, &*problem.code, problem.help))
        }
        _ => None,
    })
}

#[test]
fn an_app_server_that_cannot_be_reached_is_the_hop_that_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}/sts", listener.local_addr().unwrap());
    drop(listener);
    let mut bench = Bench::new(None);
    for (app_server, code, help) in
        [("", "Config", Help::None), ("no url", "Config", Help::Retry), (dead.as_str(), "Connect", Help::Retry)]
    {
        let events = bench.connect(Place { app_server: app_server.to_owned(), ..Place::default() });
        assert_eq!(failed_at(&events), Some((Hop::AppServer, code, help)), "{app_server:?}");
        assert_eq!(events.last(), Some(&Event::Connected { job: JOB, ok: false }), "{app_server:?}");
    }
}

#[test]
fn pictures_are_read_and_settings_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, file) = (folder.path().join("猫.png"), folder.path().join("settings.json"));
    image::RgbImage::new(30, 20).save(&picture).unwrap();
    let mut bench = Bench::new(Some(file.clone()));
    let events = bench.run(Command::Load { job: JOB, path: picture });
    assert!(
        matches!(&events[..], [Event::Loaded { job: JOB, outcome: Ok(picture) }] if picture.size == [30, 20]),
        "{events:?}"
    );
    let settings = Settings { bucket: "photos".to_owned(), ..Settings::default() };
    let save = |settings| Command::Memory(MemoryCommand::SaveSettings(Box::new(settings)));
    let saved = Event::Memory(MemoryEvent::Saved { what: Kept::Settings, problem: None });
    assert_eq!(bench.run(save(settings.clone())), [saved]);
    assert_eq!(Settings::load(&file).unwrap(), settings);
}

#[test]
fn settings_that_cannot_be_kept_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let mut bench = Bench::new(Some(file.join("settings.json")));
    let events = bench.run(Command::Memory(MemoryCommand::SaveSettings(Box::default())));
    let [Event::Memory(MemoryEvent::Saved { problem: Some(problem), .. })] = &events[..] else { panic!("{events:?}") };
    assert!(problem.why.to_string().contains("settings.json"), "{problem:?}");
}

#[test]
fn what_is_broken_is_set_aside_and_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("queue.json"), "[{").unwrap();
    let mut bench = Bench::new(Some(folder.path().join("settings.json")));
    let events = bench.run(Command::Memory(MemoryCommand::Recall));
    let [Event::Memory(MemoryEvent::Recalled { history, queue, problem })] = &events[..] else { panic!("{events:?}") };
    assert_eq!((history, queue), (&Some(Vec::new()), &Some(Vec::new())), "a new one may be written");
    assert!(problem.as_ref().unwrap().why.to_string().contains("queue.json.broken-1"), "{problem:?}");
}
