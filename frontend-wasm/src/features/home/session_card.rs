//! How long the session lasts.

use chrono::{DateTime, Utc};
use yew::prelude::*;

use crate::{
    api::use_request::use_request,
    browser::clock,
    features::messages,
    session::{client::Client, use_client::use_client, use_server_now::use_server_now},
    ui::{fact::Fact, timestamp::timestamp},
};

/// The deadlines of the session, and a button that asks the server.
#[component]
pub fn SessionCard() -> Html {
    let client = use_client();
    let check = use_request::<DateTime<Utc>>();
    let now = use_server_now(15);
    let Some(session) = client.store().read(|state| state.session().cloned()) else {
        return Html::default();
    };
    let onclick = check.callback(&client, |client: Client, _: MouseEvent| async move {
        client.me().await.map(|me| me.server_time)
    });
    let confirmed =
        |at: &DateTime<Utc>| format!("Confirmed by the server at {}.", clock::local_time_of_day(*at));
    let outcome = check.data().map(confirmed).or(check.failure().map(messages::failure)).unwrap_or_default();
    let is_busy = check.is_busy();
    html! {
        <section id="session" class="card" aria-labelledby="session-title">
            <h2 id="session-title">{ "Your session" }</h2>
            <dl class="facts">
                <Fact name="Signed in">{ timestamp(session.auth_time, now.max(session.auth_time)) }</Fact>
                <Fact name="Ends if unused">{ timestamp(session.idle_expires_at, now) }</Fact>
                <Fact name="Ends at the latest">{ timestamp(session.absolute_expires_at, now) }</Fact>
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
