//! Accepting an invitation.

use curfew_shared::{
    invite::InvitationResponse,
    oauth::{OauthPurpose, ProvidersResponse},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{alert, load_state, narrow, registration::is_used_up, words};
use crate::{
    api::{people, send},
    browser::page,
    components::{Entry, EntryForm, date, provider_buttons},
    hooks::{Focus, use_client, use_page, use_work},
    kept::{use_kept, use_once},
    route::Route,
};

/// Shows who invites whom into what, and lets the person join.
#[component]
pub fn Invite() -> Html {
    use_page("Invitation", Focus::Untouched);
    let client = use_client();
    let navigator = use_navigator();
    let token = use_memo((), |()| {
        // In a message it stands behind `#`; some put it into the path.
        page::take_fragment().or_else(page::last_segment).unwrap_or_default()
    });
    let load = use_work::<InvitationResponse>();
    let providers = use_kept(|| None::<ProvidersResponse>);
    let joining = use_work::<()>();
    let leaving = use_work::<()>();

    let fetch = {
        let (load, token) = (load.clone(), (*token).clone());
        Callback::from(move |()| {
            load.run(send(people::invitation(&token)));
        })
    };
    {
        let (fetch, providers) = (fetch.clone(), providers.setter());
        use_once(move || {
            fetch.emit(());
            spawn_local(async move { providers.set(send(people::providers()).await.ok()) });
        });
    }
    let Some(invitation) = load.done() else {
        if is_used_up(load.failure()) {
            let content = html! {
                <>
                    { alert("invite-alert", load.failure().map(words::not_done)) }
                    <p>{ "Ask whoever invited you to send the invitation again. If you have joined already, sign in." }</p>
                    <Link<Route> to={Route::Login} classes="button primary">{ "Sign in" }</Link<Route>>
                </>
            };
            return narrow("This invitation is no longer good", "", content);
        }
        return load_state("invite", load.is_busy(), load.failure().map(words::not_loaded), &fetch);
    };

    let on_submit = {
        let (joining, client, token) = (joining.clone(), client.clone(), (*token).clone());
        Callback::from(move |values: Vec<String>| {
            let Ok([name, password]) = <[String; 2]>::try_from(values) else { return };
            let (client, token, navigator) = (client.clone(), token.clone(), navigator.clone());
            joining.run(async move {
                client.accept_invitation(&token, name, password).await?;
                if let Some(navigator) = navigator {
                    navigator.replace(&Route::Home);
                }
                Ok(())
            });
        })
    };
    let on_provider = {
        let (leaving, client, token) = (leaving.clone(), client.clone(), (*token).clone());
        Callback::from(move |provider: String| {
            let (client, token) = (client.clone(), token.clone());
            leaving.run(
                async move { client.go_to_provider(&provider, OauthPurpose::SignIn, Some(token)).await },
            );
        })
    };
    let who = invitation.invited_by.as_deref().unwrap_or("Somebody");
    let is_signed_in = client.store().read(|state| state.session().is_some());
    let lead = format!(
        "{who} invites {} to join “{}” as {}.",
        invitation.email,
        invitation.account_name,
        invitation.role.with_article()
    );
    let failure = joining.failure();
    let providers = providers.as_ref().map(|it| it.providers.clone()).unwrap_or_default();
    let content = html! {
        <>
            <p class="hint">{ "You can accept this until " }{ date(invitation.expires_at) }{ "." }</p>
            if is_signed_in {
                <p class="banner">{ "You are signed in as somebody else in this browser. Joining takes the place of that." }</p>
            }
            <EntryForm
                id="accept"
                entries={vec![Entry::text("name", "Your name", "name", "Enter your name."), Entry::new_password()]}
                submit="Join" busy="Joining…" is_busy={joining.is_busy()}
                alert={failure.map(words::not_done).map(AttrValue::from)} errors={words::field_errors(failure)} {on_submit}
            />
            { alert("provider-alert", leaving.failure().map(words::not_done)) }
            if !providers.is_empty() {
                <p class="or">{ "or" }</p>
                { provider_buttons(&providers, "Join with", leaving.is_busy(), &on_provider) }
            }
        </>
    };
    narrow(&format!("Join {}", invitation.account_name), &lead, content)
}
