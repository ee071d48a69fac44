//! The providers that the person can sign in with.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use curfew_shared::{
    id::IdentityId,
    oauth::{Identity, IdentityList, OauthPurpose, Provider},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api::{identities, oauth, request::send, use_request::use_request},
    features::{
        list_end::list_end,
        messages::{self, ok_unless_gone},
        return_path,
        use_confirmation::{Confirmation, use_confirmation},
        use_cursor_list::{CursorPage, use_cursor_list},
    },
    session::{client::Client, use_client::use_client, use_server_now::use_server_now},
    ui::{
        confirm_modal::ConfirmModal, email_address::email_address, live_region::LiveRegion,
        provider_buttons::ProviderButtons, timestamp::past_timestamp, use_toasts::use_toasts,
    },
};

const LAST: &str = "This is your only way to sign in. It can be unlinked once you have set a password or linked another provider.";

impl CursorPage for IdentityList {
    type Item = Identity;
    type Cursor = Infallible;

    fn items(&self) -> &[Identity] {
        &self.identities
    }

    fn next_cursor(&self) -> Option<Infallible> {
        None
    }
}

/// The linked identities, and a button for each provider.
#[component]
pub fn Providers() -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let list =
        use_cursor_list::<IdentityList>("identities", "#providers-title", |_| identities::identities());
    let providers = use_state(Vec::<Provider>::new);
    let leaving = use_request::<()>();
    let unlinking = use_confirmation::<IdentityId>();
    let now = use_server_now(30);
    {
        let providers = providers.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                if let Ok(response) = send(oauth::providers()).await {
                    providers.set(response.providers);
                }
            });
        });
    }
    let on_link = leaving.callback(&client, |client: Client, provider: String| async move {
        return_path::set(curfew_shared::route::page::PROFILE);
        client.go_to_provider(&provider, OauthPurpose::Link, None).await
    });
    let on_confirm = {
        let context = (client.clone(), toasts, list.clone(), unlinking.clone());
        unlinking.on_confirm(&context, |(client, toasts, list, unlinking), id| async move {
            ok_unless_gone(client.send(identities::unlink(id)).await)?;
            unlinking.close();
            toasts.show("Unlinked. You can no longer sign in with it.");
            list.reload();
            Ok(())
        })
    };
    let linked = list.first().map(|list| list.identities.clone()).unwrap_or_default();
    if providers.is_empty() && linked.is_empty() && list.failure().is_none() {
        return Html::default();
    }
    let is_last = linked.len() == 1 && list.first().is_some_and(|list| !list.has_password);
    let body = if is_last { LAST } else { "You can no longer sign in with it. Your sessions go on." };
    html! {
        <section class="card" aria-labelledby="providers-title">
            <h2 id="providers-title" tabindex="-1">{ "Other ways to sign in" }</h2>
            if !linked.is_empty() {
                <ul id="identities" class="entries">
                    { for linked.iter().map(|identity| row(identity, &providers, is_last, now, &unlinking)) }
                </ul>
            }
            if is_last {
                <p id="unlink-last" class="hint">{ LAST }</p>
            }
            { list_end("identities", "identities-more", &list) }
            <LiveRegion id="link-alert" is_alert=true text={leaving.failure().map(messages::not_done)} />
            <ProviderButtons
                providers={(*providers).clone()} action="Link" is_busy={leaving.is_busy()} on_press={on_link}
            />
            <ConfirmModal
                id="unlink" is_open={unlinking.is_open()} title="Unlink this way to sign in?" {body}
                confirm="Unlink it" busy="Unlinking…" is_busy={unlinking.is_busy()}
                error={unlinking.failure().map(messages::not_done)} {on_confirm} on_cancel={unlinking.on_cancel()}
            />
        </section>
    }
}

fn row(
    identity: &Identity,
    providers: &[Provider],
    is_last: bool,
    now: DateTime<Utc>,
    unlinking: &Confirmation<IdentityId>,
) -> Html {
    let id = identity.id;
    let provider = providers.iter().find(|provider| provider.name == identity.provider);
    let name = provider.map_or_else(|| identity.provider.clone(), |provider| provider.display_name.clone());
    html! {
        <li key={id.to_string()} data-id={id.to_string()} tabindex="-1">
            <span class="who">
                <span class="name">{ &name }</span>
                <span class="detail">{ email_address(identity.email.as_deref().unwrap_or_default()) }</span>
                <span class="detail">
                    { "Linked " }{ past_timestamp(identity.linked_at, now) }
                </span>
            </span>
            <button
                type="button" class="button small" aria-label={format!("Unlink {name}")}
                onclick={unlinking.on_ask().reform(move |_: MouseEvent| id)}
                aria-describedby={is_last.then_some("unlink-last")}
            >
                { "Unlink" }
            </button>
        </li>
    }
}
