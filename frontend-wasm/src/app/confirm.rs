//! Asks a person to confirm who they are, in place: what they were doing goes on afterwards.

use curfew_shared::oauth::{OauthPurpose, Provider};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api::{Answer, people, send},
    browser::storage,
    components::{Entry, EntryForm, provider_buttons},
    hooks::{use_client, use_modal, use_work},
    kept::{use_kept, use_once},
    pages::{NEXT, not_confirmed},
};

/// The dialog. It is there once, always, and opens when the client asks.
#[component]
pub fn Confirm() -> Html {
    let client = use_client();
    let asked = use_kept(|| None::<Answer>);
    let dialog = use_modal(asked.is_some(), "#confirm_password".into());
    let providers = use_kept(Vec::<Provider>::new);
    let work = use_work::<()>();
    let has_password = client.store().read(|state| state.session().is_none_or(|it| it.user.has_password));
    let session = client.store().read(|state| state.session().map(|session| session.id));
    {
        let (client, asked, work) = (client.clone(), asked.setter(), work.clone());
        use_once(move || {
            client.prompt().offer(Callback::from(move |answer| {
                work.reset();
                asked.set(Some(answer));
            }));
        });
    }
    {
        let providers = providers.setter();
        use_effect_with(asked.is_some() && !has_password, move |is_needed| {
            if *is_needed {
                spawn_local(async move {
                    if let Ok(ways) = send(people::providers()).await {
                        providers.set(ways.providers);
                    }
                });
            }
        });
    }
    let give = {
        let asked = asked.clone();
        Callback::from(move |confirmed: bool| {
            if let Some(answer) = &*asked {
                answer.give(confirmed);
            }
            asked.set(None);
        })
    };
    {
        // The session ended meanwhile: there is nothing to confirm any more.
        let give = give.clone();
        use_effect_with(session, move |_| give.emit(false));
    }
    let on_submit = {
        let (client, work, give) = (client.clone(), work.clone(), give.clone());
        Callback::from(move |values: Vec<String>| {
            let (client, give) = (client.clone(), give.clone());
            let password = values.into_iter().next().unwrap_or_default();
            work.run(async move {
                client.confirm(password).await?;
                give.emit(true);
                Ok(())
            });
        })
    };
    let on_provider = {
        let (client, work) = (client.clone(), work.clone());
        Callback::from(move |provider: String| {
            let client = client.clone();
            let location = web_sys::window().map(|window| window.location());
            if let Some(path) = location.and_then(|location| location.pathname().ok()) {
                storage::set(NEXT, &path);
            }
            work.run(
                async move { client.go_to_provider(&provider, OauthPurpose::Reauthenticate, None).await },
            );
        })
    };
    let on_cancel = {
        let (give, is_busy) = (give.clone(), work.is_busy());
        Callback::from(move |()| {
            if !is_busy {
                give.emit(false);
            }
        })
    };
    let oncancel = {
        let on_cancel = on_cancel.clone();
        Callback::from(move |event: Event| {
            event.prevent_default();
            on_cancel.emit(());
        })
    };
    let alert = work.failure().map(not_confirmed).map(AttrValue::from);
    let cancel = html! {
        <button
            id="reauthenticate-cancel" type="button" class="button" onclick={on_cancel.reform(|_: MouseEvent| ())}
        >
            { "Cancel" }
        </button>
    };
    html! {
        <dialog
            ref={dialog} id="reauthenticate" class="modal" {oncancel}
            aria-labelledby="reauthenticate-title" aria-describedby="reauthenticate-body"
        >
            <h2 id="reauthenticate-title">{ "Confirm that it is you" }</h2>
            <p id="reauthenticate-body">
                { "You signed in a while ago. What you are about to do is sensitive, so confirm who you are; then it \
                   goes on by itself." }
            </p>
            if asked.is_some() {
                if has_password {
                    <EntryForm
                        id="reauthenticate" submit_id="reauthenticate-confirm" submit="Confirm and go on"
                        entries={vec![Entry { id: "confirm_password", ..Entry::password() }]}
                        busy="Confirming…" is_busy={work.is_busy()} {alert} {on_submit}
                    />
                    { cancel }
                } else {
                    <div id="reauthenticate-alert" role="alert" class="live">
                        if let Some(alert) = alert {
                            <p class="alert">{ alert }</p>
                        }
                    </div>
                    { provider_buttons(&providers, "Confirm with", work.is_busy(), &on_provider) }
                    { cancel }
                }
            }
        </dialog>
    }
}
