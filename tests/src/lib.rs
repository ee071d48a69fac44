//! The stage that the journeys play on: the release binary, a real browser, and the wires between.
//!
//! Nothing here knows how Curfew is built: it starts the binary, presses keys, and looks. Every
//! process gets its own folder and its own port, so that journeys run side by side, and ends with
//! its owner.

mod api;
mod browser;
mod error;
mod line;
mod mailbox;
mod person;
mod postgres;
mod program;
mod provider;
mod random;
mod server;
mod stage;
mod wait;
mod wire;

pub use api::{Answer, Api, send};
pub use browser::{Browser, Look, Tab};
pub use error::{Broken, Error, Outcome, Result};
pub use line::{Line, Signal};
pub use mailbox::{Mail, Mailbox};
pub use person::Person;
pub use postgres::Postgres;
pub use program::Program;
pub use provider::{Health, Provider};
pub use random::uuid;
pub use server::{Server, Settings};
pub use stage::{Stage, axe, play, play_on_both};
pub use wait::{SOON, until};
pub use wire::{Exchange, Fate, Request, Wire};
