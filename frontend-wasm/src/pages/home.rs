//! Home: who is signed in, and how long the session lasts.

use chrono::{DateTime, Utc};
use yew::prelude::*;

use super::words;
use crate::{
    browser::clock,
    components::{email_address, moment},
    hooks::{Focus, use_client, use_page, use_server_now, use_work},
    role,
    store::auth::Session,
};

/// Who is signed in, and how long the session lasts.
#[component]
pub fn Home() -> Html {
    use_page("Home", Focus::Untouched);
    let client = use_client();
    let Some(session) = client.store().read(|state| state.session().cloned()) else {
        return Html::default();
    };
    html! {
        <div class="home">
            <h1 tabindex="-1">{ format!("Hello, {}", session.user.name) }</h1>
            <div class="cards">
                { person_card(&session) }
                <SessionCard />
            </div>
        </div>
    }
}

pub(super) fn person_card(session: &Session) -> Html {
    html! {
        <section id="you" class="card" aria-labelledby="you-title">
            <h2 id="you-title">{ "You" }</h2>
            <dl class="facts">
                { fact("Name", html! { &session.user.name }) }
                { fact("E-mail", email_address(&session.user.email)) }
                { fact("Role", html! { role::name(session.user.role) }) }
                { fact("Account", html! { &session.account.name }) }
            </dl>
        </section>
    }
}

#[component]
fn SessionCard() -> Html {
    let client = use_client();
    let check = use_work::<DateTime<Utc>>();
    let now = use_server_now(15);
    let Some(session) = client.store().read(|state| state.session().cloned()) else {
        return Html::default();
    };

    let onclick = {
        let check = check.clone();
        Callback::from(move |_: MouseEvent| {
            let client = client.clone();
            check.run(async move { client.me().await.map(|me| me.server_time) });
        })
    };
    let confirmed =
        |at: &DateTime<Utc>| format!("Confirmed by the server at {}.", clock::local_time_of_day(*at));
    let outcome = check.done().map(confirmed).or(check.failure().map(words::failure)).unwrap_or_default();
    let is_busy = check.is_busy();

    html! {
        <section id="session" class="card" aria-labelledby="session-title">
            <h2 id="session-title">{ "Your session" }</h2>
            <dl class="facts">
                { fact("Signed in", moment(session.auth_time, now.max(session.auth_time))) }
                { fact("Ends if unused", moment(session.idle_expires_at, now)) }
                { fact("Ends at the latest", moment(session.absolute_expires_at, now)) }
            </dl>
            <p class="hint">
                { "Using Curfew keeps the session alive; a page that is merely open does not. \
                   What is not saved when it ends is lost." }
            </p>
            <div class="actions">
                <button
                    id="check" type="button" class="button" {onclick} aria-disabled={is_busy.then_some("true")}
                >
                    { if is_busy { "Checking…" } else { "Check now" } }
                </button>
                <p id="check-outcome" role="status" class="outcome">{ outcome }</p>
            </div>
        </section>
    }
}

fn fact(name: &'static str, value: Html) -> Html {
    html! {
        <div><dt>{ name }</dt><dd>{ value }</dd></div>
    }
}
