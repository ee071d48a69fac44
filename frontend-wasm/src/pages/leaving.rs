//! Leaving the account, and closing it.

use curfew_shared::error::ErrorCode;
use yew::prelude::*;

use super::{security::FAREWELL_MS, words, work_button};
use crate::{
    api::{Failure, people},
    components::{ConfirmModal, Entry, EntryForm, EntryFormProps},
    hooks::{use_client, use_toasts, use_work},
    store::auth::Session,
};

/// The way out of the account, for oneself.
#[component]
pub(super) fn Leave() -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let work = use_work::<()>();
    let is_asked = use_state(|| false);
    let name = client.store().read(|state| state.session().map(|it: &Session| it.account.name.clone()));
    let name = name.unwrap_or_default();
    let on_ask = {
        let (is_asked, work) = (is_asked.setter(), work.clone());
        Callback::from(move |()| {
            work.reset();
            is_asked.set(true);
        })
    };
    let on_cancel = {
        let is_asked = is_asked.setter();
        Callback::from(move |()| is_asked.set(false))
    };
    let on_confirm = {
        let (client, toasts, work, is_asked) =
            (client.clone(), toasts.clone(), work.clone(), is_asked.setter());
        let name = name.clone();
        Callback::from(move |()| {
            let (client, toasts, is_asked) = (client.clone(), toasts.clone(), is_asked.clone());
            let name = name.clone();
            work.run(async move {
                client.ask(people::leave_account()).await?;
                is_asked.set(false);
                toasts.say_at_once(format!("You left {name}."));
                client.leave(FAREWELL_MS).await;
                Ok(())
            });
        })
    };
    html! {
        <section class="card" aria-labelledby="leave-title">
            <h2 id="leave-title">{ "Leave the account" }</h2>
            <p class="hint">
                { "This deletes your user and signs you out everywhere. You can use your email address for another \
                   account. The audit trail keeps your name, your address and what you did." }
            </p>
            { work_button("leave", "button danger-soft", &format!("Leave {name}"), false, &on_ask) }
            <ConfirmModal
                id="leaving" is_open={*is_asked} title={format!("Leave {name}?")}
                body="Your user is deleted, your pending invitations are cancelled, and you’re signed out \
                       everywhere. You can only come back if an owner invites you."
                confirm="Leave" busy="Leaving…" is_busy={work.is_busy()}
                error={work.failure().map(not_left).map(AttrValue::from)} {on_confirm} {on_cancel}
            />
        </section>
    }
}

fn not_left(failure: &Failure) -> String {
    match failure.code() {
        Some(ErrorCode::LastOwner) => {
            "You’re the only active owner. Make someone else an owner first, or close the account.".into()
        }
        _ => words::not_done(failure),
    }
}

/// The end of the account, for its owners.
#[component]
pub(super) fn Close() -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let work = use_work::<()>();
    let is_asked = use_state(|| false);
    let is_wrong = use_state(|| false);
    let name = client.store().read(|state| state.session().map(|it: &Session| it.account.name.clone()));
    let name = name.unwrap_or_default();
    let on_submit = {
        let (is_asked, is_wrong, work) = (is_asked.setter(), is_wrong.setter(), work.clone());
        let name = name.clone();
        Callback::from(move |values: Vec<String>| {
            let is_right = values.first().is_some_and(|typed| typed.trim() == name);
            work.reset();
            is_wrong.set(!is_right);
            is_asked.set(is_right);
        })
    };
    let on_cancel = {
        let is_asked = is_asked.setter();
        Callback::from(move |()| is_asked.set(false))
    };
    let on_confirm = {
        let (client, toasts, work, is_asked) =
            (client.clone(), toasts.clone(), work.clone(), is_asked.setter());
        let name = name.clone();
        Callback::from(move |()| {
            let (client, toasts, is_asked) = (client.clone(), toasts.clone(), is_asked.clone());
            let name = name.clone();
            work.run(async move {
                client.ask(people::close_account(name.clone())).await?;
                is_asked.set(false);
                toasts.say_at_once(format!("{name} is closed."));
                client.leave(FAREWELL_MS).await;
                Ok(())
            });
        })
    };
    let entry = Entry {
        id: "closing_name",
        hint: Some("Type it exactly as it stands above, to confirm."),
        ..Entry::text("name", "Name of the account", "off", "Enter the account’s name.")
    };
    let form = EntryFormProps::new("close-account", vec![entry], ("Close account", "Closing…"), on_submit);
    let alert = is_wrong.then_some("That is not the account’s name.").map(AttrValue::from);
    html! {
        <section class="card" aria-labelledby="close-title">
            <h2 id="close-title">{ "Close the account" }</h2>
            <p>
                { "This deletes everyone’s user and all invitations of " }<strong>{ &name }</strong>
                { ", signs everyone out and tells them by email. It can’t be undone. The audit trail is kept; only \
                   who runs this server can read it then." }
            </p>
            <EntryForm {alert} ..form />
            <ConfirmModal
                id="closing" is_open={*is_asked} title={format!("Close {name}?")}
                body="Every user of this account is deleted and signed out, yours too. This can’t be undone."
                confirm="Close account" busy="Closing…" is_busy={work.is_busy()}
                error={work.failure().map(words::not_done).map(AttrValue::from)} {on_confirm} {on_cancel}
            />
        </section>
    }
}
