//! The dialog that asks for a re-authentication. With a password it happens in place, and the call continues.

use curfew_shared::oauth::{OauthPurpose, Provider};
use yew::prelude::*;

use crate::{
    api::{identities, oauth, request::send, use_request::use_request},
    browser::dom,
    features::{
        messages::{not_confirmed, not_loaded, not_signed_in_again},
        return_path,
    },
    session::{client::Client, reauth_prompt::Responder, use_client::use_client},
    ui::{
        form::{Form, FormField, FormStatus},
        live_region::LiveRegion,
        loading::Loading,
        modal::Modal,
        provider_buttons::ProviderButtons,
    },
};

/// The dialog. It is mounted once, always, and opens when the client asks.
#[component]
pub fn ReauthDialog() -> Html {
    let client = use_client();
    let responder = use_state(|| None::<Responder>);
    let confirm = use_request::<()>();
    let sign_in_again = use_request::<()>();
    let is_busy = confirm.is_busy() || sign_in_again.is_busy();
    let (session, user) = client
        .store()
        .read(|state| state.session().map(|session| (session.id, session.user.clone())))
        .unzip();
    let has_password = user.as_ref().is_none_or(|user| user.has_password);
    {
        let (client, responder) = (client.clone(), responder.setter());
        let (confirm, sign_in_again) = (confirm.clone(), sign_in_again.clone());
        use_effect_with((), move |()| {
            client.prompt().register(Callback::from(move |new| {
                confirm.reset();
                sign_in_again.reset();
                responder.set(Some(new));
            }));
        });
    }
    let on_result = {
        let responder = responder.clone();
        Callback::from(move |is_confirmed: bool| {
            if let Some(responder) = &*responder {
                responder.resolve(is_confirmed);
            }
            responder.set(None);
        })
    };
    {
        // The session ended meanwhile: there is nothing to confirm any more.
        let on_result = on_result.clone();
        use_effect_with(session, move |_| on_result.emit(false));
    }
    let on_submit = {
        let context = (client.clone(), on_result.clone());
        confirm.callback(&context, |(client, on_result), values: Vec<String>| async move {
            client.reauthenticate(values.into_iter().next().unwrap_or_default()).await?;
            on_result.emit(true);
            Ok(())
        })
    };
    let on_provider = confirm.callback(&client, |client: Client, provider: String| async move {
        if let Some(path) = dom::path_and_query() {
            return_path::set(&path);
        }
        client.go_to_provider(&provider, OauthPurpose::Reauthenticate, None).await
    });
    let on_sign_in_again =
        sign_in_again.callback(&client, |client: Client, ()| async move { client.sign_in_again().await });
    let on_cancel = on_result.reform(|()| false);
    let unless_busy = |callback: &Callback<()>| {
        let callback = if is_busy { Callback::noop() } else { callback.clone() };
        callback.reform(|_: MouseEvent| ())
    };
    let alert = confirm
        .failure()
        .map(not_confirmed)
        .or(sign_in_again.failure().map(|failure| not_signed_in_again(failure).into()))
        .map(AttrValue::from);
    let body = if has_password {
        "You signed in a while ago. What you are about to do is sensitive, so confirm who you are; then it goes on \
         by itself."
    } else {
        "You signed in a while ago. What you are about to do is sensitive, so confirm who you are with the provider \
         that you sign in with. You will come back here; then do it again."
    };
    html! {
        <Modal
            id="reauthenticate" is_open={responder.is_some()} title="Confirm that it is you" {body}
            initial_focus="#confirm_password, #reauthenticate-cancel" {is_busy} on_cancel={&on_cancel}
        >
            if responder.is_some() {
                if has_password {
                    <Form
                        id="reauthenticate" submit_id="reauthenticate-confirm"
                        fields={vec![FormField { id: "confirm_password", ..FormField::password() }]}
                        submit="Confirm and go on" busy="Confirming…"
                        status={FormStatus { is_busy: confirm.is_busy(), alert, errors: Vec::new() }}
                        username={user.map(|user| user.email)} {on_submit}
                    />
                } else {
                    <LiveRegion id="reauthenticate-alert" is_alert=true text={alert} />
                    <LinkedProviders {is_busy} on_press={on_provider} />
                    <button
                        id="reauthenticate-sign-in-again" type="button" class="button"
                        onclick={unless_busy(&on_sign_in_again)} aria-disabled={is_busy.then_some("true")}
                    >
                        { "Sign out and sign in again" }
                    </button>
                }
                <button
                    id="reauthenticate-cancel" type="button" class="button" onclick={unless_busy(&on_cancel)}
                    aria-disabled={is_busy.then_some("true")}
                >
                    { "Cancel" }
                </button>
            }
        </Modal>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct LinkedProvidersProps {
    is_busy: bool,
    on_press: Callback<String>,
}

/// A button for each provider that the person has linked.
#[component]
fn LinkedProviders(props: &LinkedProvidersProps) -> Html {
    let client = use_client();
    let load = use_request::<Vec<Provider>>();
    let on_load = load.callback(&client, |client: Client, ()| async move {
        let linked = client.send(identities::identities()).await?.identities;
        let mut providers = send(oauth::providers()).await?.providers;
        providers.retain(|provider| linked.iter().any(|identity| identity.provider == provider.name));
        Ok(providers)
    });
    {
        let on_load = on_load.clone();
        use_effect_with((), move |()| on_load.emit(()));
    }
    html! {
        <>
            <Loading
                name="reauthenticate-providers" is_busy={load.is_busy()} failure={load.failure().map(not_loaded)}
                on_retry={on_load}
            />
            if let Some(providers) = load.data() {
                <ProviderButtons
                    providers={providers.clone()} action="Confirm with" is_busy={props.is_busy}
                    on_press={&props.on_press}
                />
            }
        </>
    }
}
