//! The person's own email address.

use yew::prelude::*;

use crate::{
    api::{profile, use_request::use_request},
    features::{form_status::form_status, messages},
    session::{client::Client, use_client::use_client},
    ui::{
        email_address::email_address,
        form::{Form, FormField},
        live_region::LiveRegion,
    },
};

/// The current address, and a form for a new one.
#[component]
pub fn Email() -> Html {
    let client = use_client();
    let current = client.store().read(|state| state.session().map(|it| it.user.email.clone()));
    let current = current.unwrap_or_default();
    let change = use_request::<String>();
    let on_submit = change.callback(&client, |client: Client, values: Vec<String>| async move {
        let email = values.into_iter().next().unwrap_or_default().trim().to_owned();
        client.send(profile::change_email(email.clone())).await.map(|()| email)
    });
    let field = FormField {
        id: "new_email",
        label: "New e-mail address",
        autocomplete: "email",
        ..FormField::email()
    };
    let done = change.data().map(|email| {
        format!("A message is on its way to {email}. Until the link in it is opened, your address stays {current}.")
    });
    html! {
        <section class="card" aria-labelledby="email-title">
            <h2 id="email-title">{ "E-mail address" }</h2>
            <p>{ "You sign in with " }<strong id="present-email">{ email_address(&current) }</strong>{ "." }</p>
            <Form
                id="change-email" fields={vec![field]} submit="Send a message to the new address" busy="Sending…"
                status={form_status(&change, messages::not_done)} {on_submit}
            />
            <LiveRegion id="change-email-done" text={done} />
        </section>
    }
}
