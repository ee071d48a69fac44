//! Closing the account, for owners.

use yew::prelude::*;

use crate::{
    api::account,
    features::{messages, use_confirmation::use_confirmation},
    session::use_client::use_client,
    ui::{
        confirm_modal::ConfirmModal,
        form::{Form, FormField, FormStatus},
        use_toasts::{FAREWELL_MS, use_toasts},
    },
};

/// A form for the account's name, as a first confirmation, and a dialog as the second.
#[component]
pub fn CloseAccount() -> Html {
    let client = use_client();
    let toasts = use_toasts();
    let closing = use_confirmation::<String>();
    let is_wrong = use_state(|| false);
    let name = client.store().read(|state| state.session().map(|it| it.account.name.clone()));
    let name = name.unwrap_or_default();
    let on_submit = {
        let (closing, is_wrong, name) = (closing.clone(), is_wrong.setter(), name.clone());
        Callback::from(move |values: Vec<String>| {
            let is_right = values.first().is_some_and(|typed| typed.trim() == name);
            is_wrong.set(!is_right);
            if is_right {
                closing.ask(name.clone());
            }
        })
    };
    let on_confirm = {
        let context = (client.clone(), toasts.clone(), closing.clone());
        closing.on_confirm(&context, |(client, toasts, closing), name| async move {
            client.send(account::close(name.clone())).await?;
            closing.close();
            toasts.show_now(format!("{name} is closed."));
            client.sign_out_after(FAREWELL_MS).await;
            Ok(())
        })
    };
    let field = FormField {
        id: "closing_name",
        hint: Some("Type it exactly as it stands above, to confirm."),
        ..FormField::text("name", "Name of the account", "off", "Enter the account’s name.")
    };
    let alert = is_wrong.then_some("That is not the account’s name.").map(AttrValue::from);
    html! {
        <section class="card" aria-labelledby="close-title">
            <h2 id="close-title">{ "Close the account" }</h2>
            <p>
                { "This deletes everyone’s user and all invitations of " }<strong>{ &name }</strong>
                { ", signs everyone out and tells them by email. It can’t be undone. The audit trail is kept; only \
                   who runs this server can read it then." }
            </p>
            <Form
                id="close-account" fields={vec![field]} submit="Close account" busy="Closing…"
                status={FormStatus { alert, ..FormStatus::default() }} {on_submit}
            />
            <ConfirmModal
                id="closing" is_open={closing.is_open()} title={format!("Close {name}?")}
                body="Every user of this account is deleted and signed out, yours too. This can’t be undone."
                confirm="Close account" busy="Closing…" is_busy={closing.is_busy()}
                error={closing.failure().map(messages::not_done)} {on_confirm} on_cancel={closing.on_cancel()}
            />
        </section>
    }
}
