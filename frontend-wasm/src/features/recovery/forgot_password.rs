//! Asking for a link to reset the password.

use yew::prelude::*;

use crate::{
    api::{recovery, request::send, use_request::use_request},
    features::{form_status::form_status, messages, nav_link::NavLink},
    route::Route,
    ui::{
        action_button::ActionButton,
        form::{Form, FormField, clear_draft},
        narrow_layout::NarrowLayout,
        use_document_title::{Focus, use_document_title},
    },
};

/// Asks for a link to reset the password.
#[component]
pub fn ForgotPassword() -> Html {
    let forgot = use_request::<AttrValue>();
    let last_email = use_state(AttrValue::default);
    let title = if forgot.data().is_some() { "Look into your mail" } else { "Forgotten password" };
    use_document_title(title, Focus::To("#email"));
    let on_submit = forgot.callback(&(), |(), values: Vec<String>| async move {
        let email = values.into_iter().next().unwrap_or_default().trim().to_owned();
        send(recovery::forgot_password(email.clone())).await?;
        clear_draft("forgot");
        Ok(email.into())
    });

    if let Some(email) = forgot.data() {
        let on_other = {
            let (forgot, last_email, email) = (forgot.clone(), last_email.setter(), email.clone());
            Callback::from(move |()| {
                last_email.set(email.clone());
                forgot.reset();
            })
        };
        return html! {
            <NarrowLayout
                {title}
                lead="If somebody signs in with this address, a message is on its way to it. Its link works for an hour."
            >
                <p id="forgot-sent" class="email-shown">{ email }</p>
                <p class="hint">{ "Nothing arrives? Look among the unwanted messages, or try another address." }</p>
                <ActionButton id="other-address" label="Use another address" on_press={on_other} />
            </NarrowLayout>
        };
    }
    let field = FormField { initial: (*last_email).clone(), ..FormField::email() };
    html! {
        <NarrowLayout title="Forgotten your password?" lead="We send you a link with which you set a new one.">
            <Form
                id="forgot" fields={vec![field]} submit="Send me a link" busy="Sending…"
                status={form_status(&forgot, messages::not_done)} keeps_draft=true {on_submit}
            />
            <p class="aside"><NavLink to={Route::Login}>{ "Back to sign-in" }</NavLink></p>
        </NarrowLayout>
    }
}
