//! The account page: the person's own settings, and for owners those of the account.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{close_account::CloseAccount, rename_account::RenameAccount};
use crate::{
    features::{nav_link::NavLink, person_card::PersonCard},
    route::Route,
    session::use_client::use_client,
    ui::{
        icon::{Icon, icon},
        use_document_title::{Focus, use_document_title},
    },
};

/// The person's own settings, and for owners those of the account.
#[component]
pub fn Account() -> Html {
    use_document_title("Account", Focus::Untouched);
    let client = use_client();
    {
        let client = client.clone();
        use_effect_with((), move |()| {
            // The role may have changed since the sign-in. Without a response the page stays as it is.
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
                    { row(Route::Profile, Icon::PERSON, "Profile", "Your name, e-mail address, password, and other ways to sign in.") }
                    { row(Route::Sessions, Icon::SCREEN, "Your sessions", "Where you are signed in, and signing out there.") }
                </ul>
            </section>
            if is_owner {
                <section class="card rows" aria-labelledby="settings-title">
                    <h2 id="settings-title">{ format!("Settings of {}", session.account.name) }</h2>
                    <ul>
                        { row(
                            Route::Security, Icon::SHIELD, "Session security",
                            "How long people stay signed in, who is signed in now, and signing them out.",
                        ) }
                        { row(Route::Members, Icon::PEOPLE, "Members", "Who belongs to the account, in which role, and inviting people.") }
                        { row(Route::Audit, Icon::LINES, "Audit trail", "Who did what in this account, and when.") }
                    </ul>
                    <RenameAccount />
                </section>
            }
            <PersonCard />
            if is_owner {
                <CloseAccount />
            }
        </div>
    }
}

fn row(to: Route, drawing: Icon, title: &'static str, hint: &'static str) -> Html {
    html! {
        <li class="row">
            { icon(drawing) }
            <div>
                <NavLink {to} class="row-link">{ title }</NavLink>
                <p class="hint">{ hint }</p>
            </div>
            <span class="arrow" aria-hidden="true">{ "›" }</span>
        </li>
    }
}
