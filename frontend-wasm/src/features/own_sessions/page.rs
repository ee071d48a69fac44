//! The person's own sessions.

use chrono::{DateTime, Utc};
use curfew_shared::{
    id::SessionId,
    session::{DeviceKind, OwnSession, OwnSessionPage},
};
use yew::prelude::*;

use crate::{
    api::sessions,
    features::{
        list_end::list_end,
        messages::{self, ok_unless_gone},
        nav_link::NavLink,
        use_confirmation::use_confirmation,
        use_cursor_list::{CursorPage, use_cursor_list},
    },
    route::Route,
    session::{use_client::use_client, use_server_now::use_server_now},
    ui::{
        confirm_modal::ConfirmModal,
        duration_text::counted,
        timestamp::{past_timestamp, relative_timestamp},
        use_document_title::{Focus, use_document_title},
        use_toasts::use_toasts,
    },
};

/// The sessions that are to end.
#[derive(Clone, Copy, PartialEq)]
enum Scope {
    One(SessionId),
    Others,
}

impl CursorPage for OwnSessionPage {
    type Item = OwnSession;
    type Cursor = SessionId;

    fn items(&self) -> &[OwnSession] {
        &self.sessions
    }

    fn next_cursor(&self) -> Option<SessionId> {
        self.next_cursor
    }
}

/// The devices where the person is signed in, and signing them out.
#[component]
pub fn Sessions() -> Html {
    use_document_title("Your sessions", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let list = use_cursor_list::<OwnSessionPage>("sessions", "h1", sessions::sessions);
    let ending = use_confirmation::<Scope>();
    let now = use_server_now(30);
    let on_ask = ending.on_ask();
    let on_confirm = {
        let context = (client, toasts, list.clone(), ending.clone());
        ending.on_confirm(&context, |(client, toasts, list, ending), scope| async move {
            let count = match scope {
                Scope::One(id) => ok_unless_gone(client.send(sessions::revoke_session(id)).await)?.into(),
                Scope::Others => client.send(sessions::revoke_other_sessions()).await?.revoked_count,
            };
            ending.close();
            toasts.show(match (count, scope) {
                (0, Scope::One(_)) => "That session had ended already.".to_owned(),
                (0, Scope::Others) => "No other session was open.".to_owned(),
                _ => format!("{} signed out", counted(count, "session")),
            });
            list.reload();
            Ok(())
        })
    };

    // This session is one of them.
    let others = list.first().map(|page| page.session_count.saturating_sub(1));
    let (title, body, confirm) = match ending.subject() {
        Some(Scope::One(_)) => (
            "Sign this device out?",
            "It is signed out at once. Whoever uses it has to sign in again.".to_owned(),
            "Sign it out".to_owned(),
        ),
        Some(Scope::Others) | None => {
            let others = others.unwrap_or_default();
            (
                "Sign out everywhere else?",
                format!("{} will end at once. You stay signed in here.", counted(others, "other session")),
                format!("Sign out {}", counted(others, "session")),
            )
        }
    };
    html! {
        <div class="settings">
            <NavLink to={Route::Account} class="back">{ "‹ Account" }</NavLink>
            <h1 tabindex="-1">{ "Your sessions" }</h1>
            <p class="lead">{ "Every browser and program in which you are signed in, and when that ends." }</p>
            <section class="card" aria-label="Sessions">
                if let Some(others) = others {
                    <p id="sessions-summary" class="hint">
                        if others == 0 {
                            { "Only this device is signed in." }
                        } else {
                            { format!("{}.", counted(others, "other session")) }
                        }
                    </p>
                    <ul id="sessions" class="entries">
                        { for list.items().map(|session| row(session, now, &on_ask)) }
                    </ul>
                }
                { list_end("sessions", "sessions-more", &list) }
                if others.is_some_and(|others| others > 0) {
                    <div class="actions">
                        <button
                            id="end-others" type="button" class="button danger-soft"
                            onclick={on_ask.reform(|_: MouseEvent| Scope::Others)}
                        >
                            { "Sign out everywhere else" }
                        </button>
                    </div>
                }
            </section>
            <ConfirmModal
                id="end-session" is_open={ending.is_open()} {title} {body} {confirm} busy="Signing out…"
                is_busy={ending.is_busy()} error={ending.failure().map(messages::not_revoked)} {on_confirm}
                on_cancel={ending.on_cancel()}
            />
        </div>
    }
}

fn row(session: &OwnSession, now: DateTime<Utc>, on_ask: &Callback<Scope>) -> Html {
    let id = session.id;
    let name = match (&session.browser, &session.os) {
        (Some(browser), Some(os)) => format!("{browser} on {os}"),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) => "A program that does not name itself".into(),
    };
    let kind = match session.device {
        DeviceKind::Computer => "Computer",
        DeviceKind::Phone => "Phone or tablet",
        DeviceKind::Other => "Program",
    };
    let is_idle = session.idle_expires_at < session.absolute_expires_at;
    let end = session.idle_expires_at.min(session.absolute_expires_at);
    html! {
        <li key={id.to_string()} data-id={id.to_string()} tabindex="-1">
            <span class="who">
                <span class="name">{ &name }</span>
                if session.is_current {
                    <span class="badge">{ "this device" }</span>
                }
                <span class="detail">
                    { kind }
                    if let Some(address) = &session.address {
                        { format!(" · {address}") }
                    }
                </span>
                <span class="detail">
                    { "Signed in " }{ past_timestamp(session.signed_in_at, now) }
                    { " · last seen " }{ past_timestamp(session.last_seen_at, now) }
                </span>
                <span class="detail">
                    { "Ends " }{ relative_timestamp(end, now) }
                    { if is_idle { " unless it is used" } else { ", whatever happens" } }
                </span>
            </span>
            if !session.is_current {
                <button
                    type="button" class="button small" aria-label={format!("Sign out {name}")}
                    onclick={on_ask.reform(move |_: MouseEvent| Scope::One(id))}
                >
                    { "Sign out" }
                </button>
            }
        </li>
    }
}
