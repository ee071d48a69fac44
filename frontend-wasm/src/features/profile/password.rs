//! The person's own password.

use curfew_shared::person::{ChangePasswordRequest, ChangePasswordResponse};
use yew::prelude::*;

use crate::{
    api::{profile, use_request::use_request},
    browser::dom,
    features::{form_status::form_status, messages, nav_link::NavLink},
    route::Route,
    session::{client::Client, use_client::use_client},
    ui::{
        duration_text::counted,
        form::{Form, FormField},
        live_region::LiveRegion,
    },
};

/// A form for the password. Without a current one, for example after signing up with a provider, it sets the first.
#[component]
pub fn Password() -> Html {
    let client = use_client();
    let change = use_request::<ChangePasswordResponse>();
    let user = client.store().read(|state| state.session().map(|session| session.user.clone()));
    let has_password = user.as_ref().is_some_and(|user| user.has_password);
    let username = user.map(|user| AttrValue::from(user.email));
    use_effect_with(change.data().is_some(), |is_done| {
        if *is_done {
            dom::restore_focus(dom::find("#password-title").as_ref());
        }
    });
    let on_submit = change.callback(&client, move |client: Client, values: Vec<String>| async move {
        let mut values = values.into_iter();
        let current_password = if has_password { values.next() } else { None };
        let new_password = values.next().unwrap_or_default();
        let request = ChangePasswordRequest { current_password, new_password };
        let changed = client.send(profile::change_password(&request)).await?;
        // Tells the store now that there is a password; after a failure that happens later.
        let _ = client.me().await;
        Ok(changed)
    });
    let current = FormField {
        id: "current_password",
        name: "current_password",
        label: "Current password",
        required_message: "Enter your current password.",
        ..FormField::password()
    };
    let new = FormField {
        id: "new_password",
        name: "new_password",
        label: "New password",
        ..FormField::new_password()
    };
    let fields = if has_password { vec![current, new] } else { vec![new] };
    let submit = if has_password { "Change the password" } else { "Set a password" };
    html! {
        <section class="card" aria-labelledby="password-title">
            <h2 id="password-title" tabindex="-1">{ "Password" }</h2>
            <p class="hint">{ "Changing it signs you out on every other device. You stay signed in here." }</p>
            // The form goes once the password is changed, so that none stays in it.
            if change.data().is_none() {
                <Form
                    key={has_password.to_string()} id="change-password" {fields} {submit} busy="Saving…"
                    status={form_status(&change, messages::not_done)} {username} {on_submit}
                />
            }
            <LiveRegion id="change-password-done" text={change.data().map(summary)} />
            if let Some(changed) = change.data() {
                { still_open(changed) }
            }
        </section>
    }
}

fn summary(changed: &ChangePasswordResponse) -> String {
    let others = match changed.revoked_count {
        0 => "You were signed in nowhere else.".to_owned(),
        ended => format!("{} ended.", counted(ended, "other session")),
    };
    format!("Your new password is set. {others}")
}

/// The ways in that the change has left open.
fn still_open(changed: &ChangePasswordResponse) -> Html {
    html! {
        <>
            if changed.identity_count > 0 {
                <p id="still-linked">
                    { format!(
                        "You can still sign in with {}. Unlink below what you did not set up.",
                        counted(changed.identity_count, "linked account"),
                    ) }
                </p>
            }
            if changed.invite_count > 0 {
                <p id="still-invited">
                    { format!("{} of yours can still be accepted. ", counted(changed.invite_count, "invitation")) }
                    <NavLink to={Route::Members}>{ "Review invitations" }</NavLink>
                </p>
            }
        </>
    }
}
