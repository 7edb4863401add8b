//! The end-to-end stories: real sockets, real signatures, real files; a module a story.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests, where a surprise is a failure

mod accounts;
mod acls;
mod addresses;
mod app_server;
mod append;
mod archive;
mod bad_requests;
mod batch_delete;
mod buckets;
mod callbacks;
mod command_line;
mod conditions;
mod copies;
mod decisions;
mod demo_flow;
mod evidence;
mod faults;
mod forms;
mod front_door;
mod interruptions;
mod isolation;
mod objects;
mod objects_screen;
mod odd_names;
mod permissions;
mod pictures;
mod policy_lab;
mod profiles;
mod second_evaluator;
mod security_token_service;
mod settings;
mod side_doors;
mod stampede;
mod support;
mod survival;
mod symlinks;
mod tagging;
mod tidy;
mod time_machine;
mod upload_metadata;
mod vended_uploads;
mod versions;
mod window;
mod wire;
