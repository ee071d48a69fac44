//! The account's name, for owners to change.

use yew::prelude::*;

use crate::{
    api::{account, use_request::use_request},
    browser::dom,
    features::{form_status::form_status, messages},
    session::use_client::use_client,
    ui::{
        action_button::ActionButton,
        form::{Form, FormField},
        live_region::LiveRegion,
    },
};

/// A button that opens a form for the name.
#[component]
pub fn RenameAccount() -> Html {
    let client = use_client();
    let rename = use_request::<()>();
    let is_open = use_state(|| false);
    let name = client.store().read(|state| state.session().map(|it| it.account.name.clone()));
    let on_submit = {
        let context = (client.clone(), is_open.setter());
        rename.callback(&context, |(client, is_open), values: Vec<String>| async move {
            client.send(account::rename(values.into_iter().next().unwrap_or_default())).await?;
            let _ = client.me().await;
            is_open.set(false);
            Ok(())
        })
    };
    let on_open = {
        let (is_open, rename) = (is_open.setter(), rename.clone());
        Callback::from(move |()| {
            rename.reset();
            is_open.set(true);
        })
    };
    let is_saved = rename.data().is_some();
    use_effect_with(*is_open, move |is_open| {
        if *is_open {
            dom::focus("#account_name");
        } else if is_saved {
            dom::restore_focus(dom::find("#rename-account-open").as_ref());
        }
    });
    let field = FormField {
        id: "account_name",
        initial: name.unwrap_or_default().into(),
        ..FormField::text("name", "Name of the account", "organization", "Enter a name.")
    };
    html! {
        <>
            if *is_open {
                <Form
                    id="rename-account" fields={vec![field]} submit="Save the name" busy="Saving…"
                    status={form_status(&rename, messages::not_saved)} {on_submit}
                />
            } else {
                <ActionButton
                    id="rename-account-open" class="button small" label="Change the account’s name"
                    on_press={on_open}
                />
            }
            <LiveRegion id="rename-account-done" text={(is_saved && !*is_open).then_some("Saved.")} />
        </>
    }
}
