//! Draws `docs/img.png`, the sheet of all actions of IMG: `cargo run -p emulator --example img_sheet`.

#[path = "../tests/support/gallery.rs"]
mod gallery;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/img.png");
    gallery::sheet()?.save(path)?;
    println!("{path}");
    Ok(())
}
