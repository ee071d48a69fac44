//! The person's own name.

use yew::prelude::*;

use crate::{
    api::{profile, use_request::use_request},
    features::{form_status::form_status, messages},
    session::{client::Client, use_client::use_client},
    ui::{
        form::{Form, FormField},
        live_region::LiveRegion,
    },
};

/// A form for the name.
#[component]
pub fn Name() -> Html {
    let client = use_client();
    let name = client.store().read(|state| state.session().map(|it| it.user.name.clone()));
    let rename = use_request::<()>();
    let on_submit = rename.callback(&client, |client: Client, values: Vec<String>| async move {
        client.send(profile::rename(values.into_iter().next().unwrap_or_default())).await?;
        // Loads the new name into the store now; after a failure that happens later.
        let _ = client.me().await;
        Ok(())
    });
    let field = FormField {
        id: "profile_name",
        initial: name.unwrap_or_default().into(),
        ..FormField::text("name", "Your name", "name", "Enter your name.")
    };
    html! {
        <section class="card" aria-labelledby="name-title">
            <h2 id="name-title">{ "Name" }</h2>
            <Form
                id="rename" fields={vec![field]} submit="Save the name" busy="Saving…"
                status={form_status(&rename, messages::not_saved)} {on_submit}
            />
            <LiveRegion id="rename-done" text={rename.data().map(|()| "Saved.")} />
        </section>
    }
}
