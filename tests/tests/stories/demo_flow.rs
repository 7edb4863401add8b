//! The whole road once, as `cargo demo --headless` walks it.

use demo::flow;
use demo::report::Outcome;
use demo::world::World;
use image::GenericImageView;

#[tokio::test(flavor = "multi_thread")]
async fn every_step_does_what_it_must() {
    let world = World::start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("照片 1.jpg");
    std::fs::write(&image, samples::photo(1600, 1200, 7)).unwrap();
    let mut told = 0;
    let report = flow::run(&world, &image, "a story's", dir.path(), |_| told += 1).await.unwrap();
    for step in &report.steps {
        assert_eq!(step.outcome, Outcome::Ok, "{}", step.line());
    }
    assert!(report.ok);
    assert_eq!((report.steps.len(), told), (10, 10));
    for (name, size) in [("thumbnail.jpg", (200, 150)), ("watermarked.jpg", (1080, 810))] {
        assert_eq!(image::open(dir.path().join(name)).unwrap().dimensions(), size, "{name}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["steps"][6]["detail"]["EC"], "0003-00000301");
    assert_eq!(json["steps"][7]["detail"]["code"], "SecurityTokenExpired");
    // Nothing that was printed or reported holds a secret.
    let printed = format!("{json}{}", report.steps.iter().map(|step| step.line()).collect::<String>());
    assert!(!printed.contains(&world.emulator.access_key_secret));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_file_named_jpg_fails_at_the_thumbnail_and_says_why() {
    let world = World::start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("text.jpg");
    std::fs::write(&image, "not a picture at all").unwrap();
    let report = flow::run(&world, &image, "a text", dir.path(), |_| {}).await.unwrap();
    assert!(!report.ok);
    let outcomes: Vec<Outcome> = report.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes[..4], [Outcome::Ok; 4]);
    assert_eq!(outcomes[4], Outcome::Failed);
    assert_eq!(outcomes[5..], [Outcome::Skipped; 5]);
    let error = report.steps[4].detail["error"].as_str().unwrap();
    assert!(error.contains("This image format is not supported."), "{error}");
    world.stop().await;
}
