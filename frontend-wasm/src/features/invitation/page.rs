//! Accepting an invitation.

use curfew_shared::{
    auth::UserSummary,
    invite::InvitationResponse,
    oauth::{OauthPurpose, ProvidersResponse},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    api::{invites, oauth, request::send, use_request::use_request},
    browser::dom,
    features::{
        form_status::form_status,
        link_page::{LinkPageProps, with_link_token},
        messages::{self, is_used_up},
        nav_link::NavLink,
    },
    route::Route,
    session::use_client::use_client,
    ui::{
        form::{Form, FormField, clear_draft},
        live_region::LiveRegion,
        loading::Loading,
        narrow_layout::NarrowLayout,
        provider_buttons::ProviderButtons,
        timestamp::local_timestamp,
        use_document_title::{Focus, use_document_title},
        use_link_token::use_link_token,
    },
};

/// Shows the invitation, and lets the person join.
#[component]
pub fn Invite() -> Html {
    // In an email the token is in the fragment; some people put it into the path.
    let from_path = || dom::last_segment().filter(|segment| segment != "invite");
    with_link_token::<Invited>(&use_link_token(from_path), (Route::Login, "Sign in"))
}

#[component]
fn Invited(props: &LinkPageProps) -> Html {
    let client = use_client();
    let navigator = use_navigator();
    let load = use_request::<InvitationResponse>();
    let providers = use_state(|| None::<ProvidersResponse>);
    let accept = use_request::<()>();
    let leaving = use_request::<()>();
    let dead = [load.failure(), accept.failure()].into_iter().find(|failure| is_used_up(*failure)).flatten();
    use_document_title(
        match (load.data(), dead) {
            (_, Some(_)) => "This invitation is no longer good",
            (Some(_), None) => "Join",
            (None, None) => "Invitation",
        },
        Focus::Untouched,
    );
    let on_load =
        load.callback(
            &props.token,
            |token: AttrValue, ()| async move { send(invites::invitation(&token)).await },
        );
    {
        let (on_load, providers) = (on_load.clone(), providers.setter());
        use_effect_with((), move |()| {
            on_load.emit(());
            spawn_local(async move { providers.set(send(oauth::providers()).await.ok()) });
        });
    }
    let on_submit = {
        let context = (client.clone(), props.token.clone(), navigator);
        accept.callback(&context, |(client, token, navigator), values: Vec<String>| async move {
            let [name, password] = <[String; 2]>::try_from(values).unwrap_or_default();
            client.accept_invitation(&token, name, password).await?;
            clear_draft("accept");
            if let Some(navigator) = navigator {
                navigator.replace(&Route::Home);
            }
            Ok(())
        })
    };
    let on_provider = {
        let context = (client.clone(), props.token.to_string());
        leaving.callback(&context, |(client, token), provider: String| async move {
            client.go_to_provider(&provider, OauthPurpose::SignIn, Some(token)).await
        })
    };

    if dead.is_some() {
        return html! {
            <NarrowLayout title="This invitation is no longer good">
                <LiveRegion id="invite-alert" is_alert=true text={dead.map(messages::not_done)} />
                <p>{ "Ask whoever invited you to send the invitation again. If you have joined already, sign in." }</p>
                <NavLink to={Route::Login} class="button primary">{ "Sign in" }</NavLink>
            </NarrowLayout>
        };
    }
    let Some(invitation) = load.data() else {
        return html! {
            <NarrowLayout title="Invitation">
                <Loading
                    name="invite" is_busy={load.is_busy()} failure={load.failure().map(messages::not_loaded)}
                    on_retry={on_load}
                />
            </NarrowLayout>
        };
    };
    let title = format!("Join {}", invitation.account_name);
    let lead = format!(
        "{} invites {} to join “{}” as {}.",
        invitation.invited_by.as_deref().unwrap_or("Somebody"),
        invitation.email,
        invitation.account_name,
        invitation.role.with_article()
    );
    let user = client.store().read(|state| state.session().map(|session| session.user.clone()));
    if user.as_ref().is_some_and(|user| user.email == invitation.email) {
        return html! {
            <NarrowLayout {title} {lead}>
                <p id="invite-own">
                    { "You are signed in with this address. It can belong to one account only: ask for an invitation to \
                       another address." }
                </p>
                <NavLink to={Route::Home} class="button primary">{ "Go home" }</NavLink>
            </NarrowLayout>
        };
    }
    let fields =
        vec![FormField::text("name", "Your name", "name", "Enter your name."), FormField::new_password()];
    let providers = providers.as_ref().map(|it| it.providers.clone()).unwrap_or_default();
    html! {
        <NarrowLayout {title} {lead}>
            <p class="hint">{ "You can accept this until " }{ local_timestamp(invitation.expires_at) }{ "." }</p>
            if let Some(user) = user {
                { signed_in_notice(&user, invitation) }
            }
            <Form
                id="accept" {fields} submit="Join" busy="Joining…"
                status={form_status(&accept, messages::not_done)} username={invitation.email.clone()}
                keeps_draft=true {on_submit}
            />
            <LiveRegion id="provider-alert" is_alert=true text={leaving.failure().map(messages::not_done)} />
            if !providers.is_empty() {
                <p class="or">{ "or" }</p>
                <ProviderButtons
                    {providers} action="Join with" is_busy={leaving.is_busy()} on_press={on_provider}
                />
            }
        </NarrowLayout>
    }
}

fn signed_in_notice(user: &UserSummary, invitation: &InvitationResponse) -> Html {
    html! {
        <p id="invite-present" class="banner">
            { format!(
                "You are signed in as {} ({}). Joining signs you in here as {} instead.",
                user.name, user.email, invitation.email,
            ) }
        </p>
    }
}
