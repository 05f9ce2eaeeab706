//! What the program adds to the library: its flags, its two hosts, their pages and their server times.

mod control;
mod hosts;
mod pages;
mod random;
mod routes;
mod server_times;
mod settings;

pub(crate) use hosts::start;
pub(crate) use settings::{Settings, USAGE};
