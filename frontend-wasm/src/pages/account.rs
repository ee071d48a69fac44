//! One's own account: who one is, and for owners the way to the account's settings.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{home::person_card, link, profile::AccountName};
use crate::{
    components::shield,
    hooks::{Focus, use_client, use_page},
    kept::use_once,
    part::part,
    route::Route,
};

/// Who one is, and what one may set.
#[component]
pub fn Account() -> Html {
    use_page("Account", Focus::Untouched);
    let client = use_client();
    {
        let client = client.clone();
        use_once(move || {
            // The role may have changed since the sign-in. Without an answer the page stays as it is.
            spawn_local(async move { drop(client.me().await) });
        });
    }
    let (session, is_owner) = client.store().read(|state| (state.session().cloned(), state.is_owner()));
    let Some(session) = session else { return Html::default() };
    html! {
        <div class="settings">
            <h1 tabindex="-1">{ "Account" }</h1>
            <section class="card rows" aria-labelledby="own-title">
                <h2 id="own-title">{ "Your settings" }</h2>
                <ul>
                    { row(Route::Profile, "Profile", "Your name, e-mail address, password, and other ways to sign in.") }
                    { row(Route::Sessions, "Your sessions", "Where you are signed in, and signing out there.") }
                </ul>
            </section>
            if is_owner {
                <section class="card rows" aria-labelledby="settings-title">
                    <h2 id="settings-title">{ format!("Settings of {}", session.account.name) }</h2>
                    <ul>
                        { row(
                            Route::Security, "Session security",
                            "How long people stay signed in, who is signed in now, and signing them out.",
                        ) }
                        { row(Route::Members, "Members", "Who belongs to the account, in which role, and inviting people.") }
                        { row(Route::Audit, "Audit trail", "Who did what in this account, and when.") }
                    </ul>
                    { part::<AccountName>("") }
                </section>
            }
            { person_card(&session) }
        </div>
    }
}

fn row(to: Route, title: &'static str, words: &'static str) -> Html {
    let is_security = to == Route::Security;
    html! {
        <li class="row">
            if is_security { { shield() } } else { { lines() } }
            <div>
                { link(to, "row-link", title.into()) }
                <p class="hint">{ words }</p>
            </div>
            <span class="arrow" aria-hidden="true">{ "›" }</span>
        </li>
    }
}

/// Lines of a list, as decoration.
fn lines() -> Html {
    html! {
        <svg class="icon" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true" focusable="false">
            <path d="M4 6h.01M8.5 6H20M4 12h.01M8.5 12H20M4 18h.01M8.5 18H20" />
        </svg>
    }
}
