//! IMG: the documented cases, pixels, formats, hostile sources, and every action on one sheet.
#![cfg(test)]

mod avif;
mod documented;
mod formats;
mod fuzz;
mod gallery;
mod hostile;
mod info;
mod made;
mod marks;
mod pixels;
#[path = "../support/gallery.rs"]
mod sheet;
