//! Asks a person to confirm who they are, in place where that can be: what they were doing goes on afterwards.

use curfew_shared::oauth::{OauthPurpose, Provider};
use yew::prelude::*;

use crate::{
    api::{Answer, people, send},
    browser::{page, storage},
    components::{Entry, EntryForm, EntryFormProps, Live, Modal, provider_buttons},
    hooks::{use_client, use_work},
    pages::{NEXT, load_state, not_confirmed, not_loaded, not_signed_in_again},
};

/// The dialog. It is there once, always, and opens when the client asks.
#[component]
pub fn Confirm() -> Html {
    let client = use_client();
    let asked = use_state(|| None::<Answer>);
    let load = use_work::<Vec<Provider>>();
    let work = use_work::<()>();
    let leaving = use_work::<()>();
    let is_busy = work.is_busy() || leaving.is_busy();
    let has_password = client.store().read(|state| state.session().is_none_or(|it| it.user.has_password));
    let session = client.store().read(|state| state.session().map(|session| session.id));
    {
        let (client, asked) = (client.clone(), asked.setter());
        let (work, leaving) = (work.clone(), leaving.clone());
        use_effect_with((), move |()| {
            client.prompt().offer(Callback::from(move |answer| {
                work.reset();
                leaving.reset();
                asked.set(Some(answer));
            }));
        });
    }
    let fetch = {
        let (client, load) = (client.clone(), load.clone());
        Callback::from(move |()| {
            let client = client.clone();
            load.run(async move {
                let linked = client.ask(people::identities()).await?.identities;
                let mut providers = send(people::providers()).await?.providers;
                providers.retain(|provider| linked.iter().any(|identity| identity.provider == provider.name));
                Ok(providers)
            });
        })
    };
    {
        let fetch = fetch.clone();
        use_effect_with(asked.is_some() && !has_password, move |is_needed| {
            if *is_needed {
                fetch.emit(());
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
            if let Some(address) = page::address() {
                storage::keep_in_tab(NEXT, &address);
            }
            work.run(
                async move { client.go_to_provider(&provider, OauthPurpose::Reauthenticate, None).await },
            );
        })
    };
    let on_sign_in_again = {
        let (client, leaving) = (client.clone(), leaving.clone());
        move |_: MouseEvent| {
            let client = client.clone();
            if !is_busy {
                leaving.run(async move { client.sign_in_again().await });
            }
        }
    };
    let on_cancel = give.reform(|()| false);
    let onclick = {
        let on_cancel = on_cancel.clone();
        move |_: MouseEvent| {
            if !is_busy {
                on_cancel.emit(());
            }
        }
    };
    let alert =
        work.failure().map(not_confirmed).or(leaving.failure().map(|it| not_signed_in_again(it).into()));
    let alert = alert.map(AttrValue::from);
    let body = if has_password {
        "You signed in a while ago. What you are about to do is sensitive, so confirm who you are; then it goes on \
         by itself."
    } else {
        "You signed in a while ago. What you are about to do is sensitive, so confirm who you are with the provider \
         that you sign in with. You will come back here; then do it again."
    };
    let entries = vec![Entry { id: "confirm_password", ..Entry::password() }];
    let submit = ("Confirm and go on", "Confirming…");
    let form = EntryFormProps {
        submit_id: Some("reauthenticate-confirm".into()),
        is_busy: work.is_busy(),
        alert: alert.clone(),
        username: client.store().read(|state| state.session().map(|it| it.user.email.clone().into())),
        ..EntryFormProps::new("reauthenticate", entries, submit, on_submit)
    };
    let children = html! {
        <>
            if asked.is_some() {
                if has_password {
                    <EntryForm ..form />
                } else {
                    <Live id="reauthenticate-alert" is_alert={true} words={alert} />
                    { load_state("reauthenticate-providers", load.is_busy(), load.failure().map(not_loaded), &fetch) }
                    if let Some(providers) = load.done() {
                        { provider_buttons(providers, "Confirm with", is_busy, &on_provider) }
                    }
                    <button
                        id="reauthenticate-sign-in-again" type="button" class="button" onclick={on_sign_in_again}
                        aria-disabled={is_busy.then_some("true")}
                    >
                        { "Sign out and sign in again" }
                    </button>
                }
                <button
                    id="reauthenticate-cancel" type="button" class="button" {onclick}
                    aria-disabled={is_busy.then_some("true")}
                >
                    { "Cancel" }
                </button>
            }
        </>
    };
    html! {
        <Modal
            id="reauthenticate" is_open={asked.is_some()} title="Confirm that it is you" {body}
            first="#confirm_password, #reauthenticate-cancel" {is_busy} {on_cancel} {children}
        />
    }
}
