//! One's own account: who one is, and for owners the way to the account's settings.

use curfew_shared::auth::Role;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::home::person_card;
use crate::{
    hooks::{Focus, use_client, use_page},
    route::Route,
};

/// Who one is, and what one may set.
#[component]
pub fn Account() -> Html {
    use_page("Account", Focus::Untouched);
    let client = use_client();
    {
        let client = client.clone();
        use_effect_with((), move |()| {
            // The role may have changed since the sign-in. Without an answer the page stays as it is.
            spawn_local(async move { drop(client.me().await) });
        });
    }
    let Some(session) = client.store().read(|state| state.session().cloned()) else {
        return Html::default();
    };
    html! {
        <div class="settings">
            <h1 tabindex="-1">{ "Account" }</h1>
            if session.user.role == Role::Owner {
                <section class="card rows" aria-labelledby="settings-title">
                    <h2 id="settings-title">{ format!("Settings of {}", session.account.name) }</h2>
                    <ul>
                        { row(
                            Route::Security, "Session security",
                            "How long people stay signed in, who is signed in now, and signing them out.",
                        ) }
                        { row(Route::Audit, "Audit trail", "Who did what in this account, and when.") }
                    </ul>
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
            if is_security { <crate::components::Shield /> } else { <Lines /> }
            <div>
                <Link<Route> {to} classes="row-link">{ title }</Link<Route>>
                <p class="hint">{ words }</p>
            </div>
            <span class="arrow" aria-hidden="true">{ "›" }</span>
        </li>
    }
}

/// Lines of a list, as decoration.
#[component]
fn Lines() -> Html {
    html! {
        <svg class="icon" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true" focusable="false">
            <path d="M4 6h.01M8.5 6H20M4 12h.01M8.5 12H20M4 18h.01M8.5 18H20" />
        </svg>
    }
}
