//! The program `transfer` as scripts use it: what it prints, what it leaves, and what its exit status says.

use std::path::Path;
use std::process::{Command, Output};

use demo::World;
use serde_json::Value;

struct Shell {
    world: World,
    folder: tempfile::TempDir,
}

impl Shell {
    async fn open() -> Self {
        Self { world: World::start().await.unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_transfer-in-stories"))
            .args(arguments)
            .env_clear()
            .env("TRANSFER_APP_SERVER", &self.world.token_url)
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// The program with the keys and the place of the environment, as SDKs read them.
    fn owner(&self) -> Command {
        let (mut command, ready) = (Command::new(env!("CARGO_BIN_EXE_transfer-in-stories")), &self.world.emulator);
        command.env_clear().envs([
            ("OSS_ACCESS_KEY_ID", &ready.access_key_id),
            ("OSS_ACCESS_KEY_SECRET", &ready.access_key_secret),
            ("OSS_BUCKET", &ready.bucket),
            ("OSS_REGION", &ready.region),
            ("OSS_ENDPOINT", &ready.oss_endpoint),
        ]);
        command
    }

    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[&["--json"], arguments].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), serde_json::from_str(&text).unwrap_or_else(|_| panic!("{arguments:?}: {text}")))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_goes_there_and_comes_back() {
    let shell = Shell::open().await;
    let picture = samples::photo(1600, 1200, 7);
    std::fs::write(shell.folder.path().join("雪山 1.jpg"), &picture).unwrap();
    let (status, told) =
        shell.json(&["upload", "雪山 1.jpg", "--meta", "place=Bund", "--md5", "--part-size", "100KiB"]);
    assert_eq!((status, &told["key"], &told["size"]), (0, &"users/demo/雪山 1.jpg".into(), &picture.len().into()));
    assert!(told["parts"].as_u64().unwrap() > 1, "{told}");
    let key = "users/demo/雪山 1.jpg";
    let (_, head) = shell.json(&["head", key]);
    assert_eq!((&head["crc64"], &head["metadata"]["place"]), (&told["crc64"], &"Bund".into()));
    let (_, list) = shell.json(&["ls"]);
    assert_eq!((&list["objects"][0]["key"], &list["truncated"]), (&key.into(), &false.into()));
    assert_eq!(shell.json(&["download", key, "back.jpg", "--part-size", "100KiB"]).0, 0);
    assert!(std::fs::read(shell.folder.path().join("back.jpg")).unwrap() == picture);
    assert_eq!(shell.json(&["img", key, "image/resize,w_100", "--out", "small.jpg"]).0, 0);
    assert_eq!(image::image_dimensions(shell.folder.path().join("small.jpg")).unwrap(), (100, 75));
    let url = String::from_utf8(shell.run(&["presign", key, "--expires", "5m"]).stdout).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(http.get(url.trim()).send().await.unwrap().bytes().await.unwrap(), picture);
    assert_eq!(shell.json(&["rm", key]).0, 3, "the token may not");
    let removed = shell.owner().args(["rm", key]).status().unwrap();
    assert!(removed.success(), "the environment's own key may");
    assert_eq!(shell.json(&["head", key]).0, 4);
    shell.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_status_says_whose_trouble_it_is() {
    let shell = Shell::open().await;
    std::fs::write(shell.folder.path().join("a.txt"), "a").unwrap();
    for (arguments, expected, code) in [
        (vec!["upload", "a.txt", "users/somebody-else/a"], 3, "AccessDenied"),
        (vec!["download", "users/demo/absent"], 4, "NoSuchKey"),
        (vec!["upload", "absent.txt"], 5, "File"),
        (vec!["upload", "a.txt", "--part-size", "1KiB"], 2, "Config"),
        (vec!["ls", "--app-server", "http://127.0.0.1:1/"], 1, "Connect"),
        (vec!["ls", "--app-server", "nonsense"], 2, "Config"),
    ] {
        let (status, told) = shell.json(&arguments);
        assert_eq!((status, &told["error"]["code"]), (expected, &code.into()), "{arguments:?}: {told}");
    }
    let output = shell.run(&["upload", "a.txt", "users/somebody-else/a"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.starts_with("transfer: OSS refused the request: ") && output.stdout.is_empty(), "{words}");
    assert_eq!(shell.run(&["upload"]).status.code(), Some(2));
    assert!(!Path::new(&shell.folder.path().join(".local")).exists(), "a small file leaves no checkpoint");
    shell.world.stop().await;
}

#[test]
fn shells_can_complete_its_words() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_transfer-in-stories")).args(["completions", shell]).output().unwrap();
        assert!(String::from_utf8(output.stdout).unwrap().contains("presign"), "{shell}");
    }
}
