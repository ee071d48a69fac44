//! The outbox folder in a browser, only on a developer's machine.

use std::{fs, io, path::Path};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use curfew_shared::error::ErrorCode;
use mail_parser::MessageParser;
use maud::{DOCTYPE, Markup, html};

use crate::{
    app::AppState,
    config::Config,
    error::{Error, Result},
};

/// How many messages the page lists.
const SHOWN: usize = 50;

/// Headers that proxies add.
const PROXIES: [&str; 5] = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// `/dev/mail`, if no mail server is configured, and both the public URL and the listener are of this machine only:
/// anybody who can read the messages can sign in as anybody.
pub(super) fn router(config: &Config) -> Router<AppState> {
    if config.mail.smtp_url.is_none() && config.is_local() {
        Router::new().route("/dev/mail", get(show))
    } else {
        Router::new()
    }
}

async fn show(State(app): State<AppState>, headers: HeaderMap) -> Result<Response> {
    // A page whose name was rebound to this machine (DNS rebinding) sends that name as the host. A proxy, which may
    // ask for anybody, adds its headers.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = app.config.server.public_url.origin().split_once("://").map_or("", |(_, host)| host);
    let is_proxied = PROXIES.iter().any(|name| headers.contains_key(*name));
    if host != own || is_proxied {
        return Err(ErrorCode::NotFound.into());
    }
    let folder = app.config.outbox();
    let read = tokio::task::spawn_blocking(move || read(&folder)).await;
    let messages = read.map_err(io::Error::other).and_then(|read| read).map_err(|error| {
        tracing::error!(%error, "the outbox cannot be read");
        Error::from(ErrorCode::Internal)
    })?;
    Ok(Html(page(&messages).into_string()).into_response())
}

struct Shown {
    subject: String,
    to: String,
    lines: Vec<String>,
}

/// The messages in the folder, newest first: their names are UUIDs of version 7.
fn read(folder: &Path) -> io::Result<Vec<Shown>> {
    let mut files = match fs::read_dir(folder) {
        Ok(entries) => {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    files.sort_unstable_by(|a, b| b.cmp(a));
    let mut shown = Vec::new();
    for file in files.iter().take(SHOWN) {
        let raw = fs::read(file)?;
        let Some(message) = MessageParser::default().parse(&raw) else { continue };
        let text = message.body_text(0).unwrap_or_default();
        shown.push(Shown {
            subject: message.subject().unwrap_or_default().to_owned(),
            to: message.to().and_then(|to| to.first()?.address()).unwrap_or_default().to_owned(),
            lines: text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        });
    }
    Ok(shown)
}

fn page(messages: &[Shown]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                meta name="color-scheme" content="light dark";
                title { "Mail · Curfew on this machine" }
            }
            body {
                h1 { "Mail" }
                p { "No mail server is configured, so messages are kept in the outbox folder. Load this page again for new ones." }
                @if messages.is_empty() { p { "There are no messages yet." } }
                @for message in messages {
                    article {
                        h2 { (message.subject) }
                        p { "To " (message.to) }
                        @for line in &message.lines {
                            @if line.starts_with("http://") || line.starts_with("https://") {
                                p { a href=(line) { (line) } }
                            } @else {
                                p { (line) }
                            }
                        }
                    }
                }
            }
        }
    }
}
