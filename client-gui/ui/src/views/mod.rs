//! The screens, one file each. Views draw the state and push actions; they start nothing themselves.

pub mod activity;
pub mod conditions;
pub mod configure;
pub mod header;
pub mod history;
pub mod lab;
pub mod nav;
pub mod objects;
pub mod page;
pub mod part_map;
pub mod problem;
pub mod profiles;
pub mod qr;
pub mod queue;
pub mod result;
pub mod select;
pub mod sheet;
pub mod stepper;
pub mod thumbnail;
pub mod toasts;
pub mod token;
pub mod upload;
pub mod wire;
