//! Accepting an invitation.

use curfew_shared::{
    invite::InvitationResponse,
    oauth::{OauthPurpose, ProvidersResponse},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{
    LinkProps, alert, by_link, load_state, narrow, registration::is_used_up, way_to, words, work_form,
};
use crate::{
    api::{people, send},
    browser::page,
    components::{Entry, EntryFormProps, date, forget_typed, provider_buttons},
    hooks::{Focus, use_client, use_link, use_page, use_work},
    route::Route,
};

/// Shows who invites whom into what, and lets the person join.
#[component]
pub fn Invite() -> Html {
    // In a message the secret stands behind `#`; some put it into the path.
    let other = || page::last_segment().filter(|segment| segment != "invite");
    by_link::<Invited>(&use_link(other), (Route::Login, "Sign in"))
}

#[component]
fn Invited(props: &LinkProps) -> Html {
    let client = use_client();
    let navigator = use_navigator();
    let load = use_work::<InvitationResponse>();
    let providers = use_state(|| None::<ProvidersResponse>);
    let joining = use_work::<()>();
    let leaving = use_work::<()>();
    let dead = [load.failure(), joining.failure()].into_iter().find(|failure| is_used_up(*failure)).flatten();
    use_page(
        match (load.done(), dead) {
            (_, Some(_)) => "This invitation is no longer good",
            (Some(_), None) => "Join",
            (None, None) => "Invitation",
        },
        Focus::Untouched,
    );

    let fetch = {
        let (load, secret) = (load.clone(), props.secret.clone());
        Callback::from(move |()| load.run(send(people::invitation(&secret))))
    };
    {
        let (fetch, providers) = (fetch.clone(), providers.setter());
        use_effect_with((), move |()| {
            fetch.emit(());
            spawn_local(async move { providers.set(send(people::providers()).await.ok()) });
        });
    }
    if dead.is_some() {
        let content = html! {
            <>
                { alert("invite-alert", dead.map(words::not_done)) }
                <p>{ "Ask whoever invited you to send the invitation again. If you have joined already, sign in." }</p>
                { way_to(Route::Login, "Sign in") }
            </>
        };
        return narrow("This invitation is no longer good", "", content);
    }
    let Some(invitation) = load.done() else {
        let wait = load_state("invite", load.is_busy(), load.failure().map(words::not_loaded), &fetch);
        return narrow("Invitation", "", wait);
    };

    let title = format!("Join {}", invitation.account_name);
    let who = invitation.invited_by.as_deref().unwrap_or("Somebody");
    let lead = format!(
        "{who} invites {} to join “{}” as {}.",
        invitation.email,
        invitation.account_name,
        invitation.role.with_article()
    );
    let present = client.store().read(|state| state.session().map(|session| session.user.clone()));
    if present.as_ref().is_some_and(|user| user.email == invitation.email) {
        let content = html! {
            <>
                <p id="invite-own">
                    { "You are signed in with this address. It can belong to one account only: ask for an invitation to \
                       another address." }
                </p>
                { way_to(Route::Home, "Go home") }
            </>
        };
        return narrow(&title, &lead, content);
    }
    let on_submit = {
        let (joining, client, secret) = (joining.clone(), client.clone(), props.secret.clone());
        Callback::from(move |values: Vec<String>| {
            let Ok([name, password]) = <[String; 2]>::try_from(values) else { return };
            let (client, secret, navigator) = (client.clone(), secret.clone(), navigator.clone());
            joining.run(async move {
                client.accept_invitation(&secret, name, password).await?;
                forget_typed("accept");
                if let Some(navigator) = navigator {
                    navigator.replace(&Route::Home);
                }
                Ok(())
            });
        })
    };
    let on_provider = {
        let (leaving, client, secret) = (leaving.clone(), client.clone(), props.secret.clone());
        Callback::from(move |provider: String| {
            let (client, secret) = (client.clone(), secret.to_string());
            leaving.run(
                async move { client.go_to_provider(&provider, OauthPurpose::SignIn, Some(secret)).await },
            );
        })
    };
    let entries = vec![Entry::text("name", "Your name", "name", "Enter your name."), Entry::new_password()];
    let form = EntryFormProps {
        username: Some(invitation.email.clone().into()),
        is_kept: true,
        ..EntryFormProps::new("accept", entries, ("Join", "Joining…"), on_submit)
    };
    let providers = providers.as_ref().map(|it| it.providers.clone()).unwrap_or_default();
    let content = html! {
        <>
            <p class="hint">{ "You can accept this until " }{ date(invitation.expires_at) }{ "." }</p>
            if let Some(user) = present {
                <p id="invite-present" class="banner">
                    { format!("You are signed in as {} ({}). Joining signs you in here as {} instead.", user.name, user.email, invitation.email) }
                </p>
            }
            { work_form("", &joining, words::not_done, form) }
            { alert("provider-alert", leaving.failure().map(words::not_done)) }
            if !providers.is_empty() {
                <p class="or">{ "or" }</p>
                { provider_buttons(&providers, "Join with", leaving.is_busy(), &on_provider) }
            }
        </>
    };
    narrow(&title, &lead, content)
}
