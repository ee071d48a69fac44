//! Journeys through the built product, one a file.

mod accessibility;
mod pages;
mod race;
mod replicas;
mod server_away;
mod session_ends;
mod sign_in;
mod tokens;
mod two_tabs;
