//! One's own sessions.

use chrono::{DateTime, Utc};
use curfew_shared::{
    id::SessionId,
    session::{DeviceKind, OwnSession, OwnSessionPage},
};
use yew::prelude::*;

use super::{done_or_gone, link, list_end, words};
use crate::{
    api::people,
    components::{ConfirmModal, past_moment, short_moment},
    hooks::{Focus, Page, use_client, use_page, use_pages, use_server_now, use_toasts, use_work},
    length::counted,
    route::Route,
};

#[derive(Clone, Copy, PartialEq)]
enum Asked {
    One(SessionId),
    Others,
}

impl Page for OwnSessionPage {
    type Item = OwnSession;
    type Cursor = SessionId;

    fn items(&self) -> &[OwnSession] {
        &self.sessions
    }

    fn next(&self) -> Option<SessionId> {
        self.next_cursor
    }
}

/// Where one is signed in, and ending it.
#[component]
pub fn Sessions() -> Html {
    use_page("Your sessions", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let list = use_pages::<OwnSessionPage>("sessions", "h1", people::sessions);
    let ending = use_work::<()>();
    let asked = use_state(|| None::<Asked>);
    let last_asked = use_mut_ref(|| Asked::Others);
    let now = use_server_now(30);
    if let Some(now_asked) = *asked {
        *last_asked.borrow_mut() = now_asked;
    }

    let on_ask = {
        let (asked, ending) = (asked.setter(), ending.clone());
        Callback::from(move |what| {
            ending.reset();
            asked.set(Some(what));
        })
    };
    let on_cancel = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(None))
    };
    let on_confirm = {
        let (client, asked, ending) = (client.clone(), asked.clone(), ending.clone());
        let (list, toasts) = (list.clone(), toasts.clone());
        Callback::from(move |()| {
            let Some(what) = *asked else { return };
            let (client, closing) = (client.clone(), asked.setter());
            let (list, toasts) = (list.clone(), toasts.clone());
            ending.run(async move {
                let count = match what {
                    Asked::One(id) => done_or_gone(client.ask(people::end_session(id)).await)?.into(),
                    Asked::Others => client.ask(people::end_other_sessions()).await?.revoked_count,
                };
                closing.set(None);
                toasts.say(match (count, what) {
                    (0, Asked::One(_)) => "That session had ended already.".to_owned(),
                    (0, Asked::Others) => "No other session was open any more.".to_owned(),
                    _ => format!("{} signed out", counted(count, "session")),
                });
                list.reload();
                Ok(())
            });
        })
    };

    // The one that asks counts among them.
    let others = list.first().map(|page| page.session_count.saturating_sub(1));
    let (title, body, confirm) = match *last_asked.borrow() {
        Asked::One(_) => (
            "Sign this device out?",
            "It is signed out at once. Whoever uses it has to sign in again.".to_owned(),
            "Sign it out".to_owned(),
        ),
        Asked::Others => {
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
            { link(Route::Account, "back", "‹ Account".into()) }
            <h1 tabindex="-1">{ "Your sessions" }</h1>
            <p class="lead">{ "Every browser and program in which you are signed in, and when that ends." }</p>
            <section class="card" aria-label="Sessions">
                if let Some(others) = others {
                    <p id="sessions-summary" class="hint">
                        if others == 0 {
                            { "Only this device is signed in." }
                        } else {
                            { format!("{} beside this one.", counted(others, "session")) }
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
                            onclick={on_ask.reform(|_: MouseEvent| Asked::Others)}
                        >
                            { "Sign out everywhere else" }
                        </button>
                    </div>
                }
            </section>
            <ConfirmModal
                id="end-session" is_open={asked.is_some()} {title} {body} {confirm} busy="Signing out…"
                is_busy={ending.is_busy()}
                error={ending.failure().map(words::not_revoked).map(AttrValue::from)} {on_confirm}
                {on_cancel}
            />
        </div>
    }
}

fn row(session: &OwnSession, now: DateTime<Utc>, on_ask: &Callback<Asked>) -> Html {
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
                    { "Signed in " }{ past_moment(session.signed_in_at, now) }
                    { " · last seen " }{ past_moment(session.last_seen_at, now) }
                </span>
                <span class="detail">
                    { "Ends " }{ short_moment(end, now) }
                    { if is_idle { " unless it is used" } else { ", whatever happens" } }
                </span>
            </span>
            if !session.is_current {
                <button
                    type="button" class="button small" aria-label={format!("Sign out {name}")}
                    onclick={on_ask.reform(move |_: MouseEvent| Asked::One(id))}
                >
                    { "Sign out" }
                </button>
            }
        </li>
    }
}
