//! The test harness of the journeys: the release binary, a real browser, and proxies between them.
//!
//! Nothing here knows Curfew's code. A journey starts the binary, presses keys and looks at the page. Every
//! process has its own folder and port, so that journeys run side by side, and ends with its owner. Every
//! function that fails returns a sentence that says what was tried or awaited.

#![expect(missing_docs, reason = "only what a name does not say is documented")]
#![expect(clippy::missing_errors_doc, reason = "said once above")]
#![expect(clippy::missing_panics_doc, reason = "an assertion fails the journey")]

mod accessibility;
pub mod announcements;
mod api;
mod browser;
pub mod clock;
mod context;
mod error;
mod http_proxy;
pub mod keyboard;
mod mailbox;
mod person;
mod postgres;
mod program;
mod provider;
pub mod race;
mod random;
mod server;
pub mod steps;
mod tcp_proxy;
mod wait;

pub use accessibility::AxeAudit;
pub use api::{ApiClient, Response, send};
pub use browser::{Browser, Tab, Viewport};
pub use context::{TestContext, run, run_on_both_databases};
pub use error::{Error, Result, TestError, TestResult};
pub use http_proxy::{Behaviour, Exchange, HttpProxy, Request, fail_requests_to, require_reauthentication};
pub use mailbox::{Email, Mailbox};
pub use person::Person;
pub use postgres::Postgres;
pub use program::Program;
pub use provider::{Provider, ProviderMode};
pub use random::uuid;
pub use server::{Server, Settings};
pub use tcp_proxy::{Link, TcpProxy};
pub use wait::{TIMEOUT, until};
