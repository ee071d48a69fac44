//! Setting a new password by the link in an email.

use yew::prelude::*;

use crate::{
    api::{recovery, request::send, use_request::use_request},
    features::{
        form_status::form_status,
        link_page::{LinkPageProps, with_link_token},
        messages::{self, is_used_up},
        nav_link::NavLink,
    },
    route::Route,
    session::use_client::use_client,
    ui::{
        form::{Form, FormField},
        live_region::LiveRegion,
        narrow_layout::NarrowLayout,
        use_document_title::{Focus, use_document_title},
        use_link_token::use_link_token,
    },
};

/// Sets a new password.
#[component]
pub fn ResetPassword() -> Html {
    with_link_token::<NewPassword>(&use_link_token(|| None), (Route::ForgotPassword, "Ask for a new link"))
}

#[component]
fn NewPassword(props: &LinkPageProps) -> Html {
    let client = use_client();
    let reset = use_request::<()>();
    let is_used_up = is_used_up(reset.failure());
    let title = match (reset.data(), is_used_up) {
        (Some(()), _) => "Your password is set",
        (None, true) => "Ask for a new link",
        (None, false) => "Set a new password",
    };
    use_document_title(title, Focus::To("#password"));
    let on_submit = {
        let context = (client, props.token.to_string());
        reset.callback(&context, |(client, token), values: Vec<String>| async move {
            let password = values.into_iter().next().unwrap_or_default();
            send(recovery::reset_password(token, password)).await?;
            // Whoever is signed in here may have been signed out by that.
            let _ = client.me().await;
            Ok(())
        })
    };

    if reset.data().is_some() {
        return html! {
            <NarrowLayout
                {title}
                lead="You were signed out everywhere. Pending invitations that you had sent were cancelled, and ways \
                      to sign in that were added in the last nine days were unlinked."
            >
                <LiveRegion id="reset-done" text="Your new password is set." />
                <NavLink to={Route::Login} class="button primary">{ "Sign in" }</NavLink>
            </NarrowLayout>
        };
    }
    if is_used_up {
        return html! {
            <NarrowLayout {title}>
                <LiveRegion id="reset-alert" is_alert=true text={reset.failure().map(messages::not_done)} />
                <p>{ "It works once, for an hour, and not after the password has changed." }</p>
                <NavLink to={Route::ForgotPassword} class="button primary">{ "Ask for a new link" }</NavLink>
            </NarrowLayout>
        };
    }
    html! {
        <NarrowLayout {title} lead="Setting it signs you out on every device.">
            <Form
                id="reset" fields={vec![FormField::new_password()]}
                submit="Set the password and sign out everywhere" busy="Setting the password…"
                status={form_status(&reset, messages::not_done)} {on_submit}
            />
        </NarrowLayout>
    }
}
