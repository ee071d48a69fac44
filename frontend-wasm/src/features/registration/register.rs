//! Creating an account.

use curfew_shared::{error::ErrorCode, person::RegisterRequest};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api::{
        failure::Failure,
        oauth, registration,
        request::send,
        use_request::{RequestHandle, use_request},
    },
    features::{form_status::form_status, messages, nav_link::NavLink},
    route::Route,
    ui::{
        action_button::ActionButton,
        form::{Form, FormField, clear_draft},
        live_region::LiveRegion,
        narrow_layout::NarrowLayout,
        use_document_title::{Focus, use_document_title},
    },
};

/// The values of the form except the password: account, name, email.
type Draft = [String; 3];

/// Asks for an account. The link in an email continues from there.
#[component]
pub fn Register() -> Html {
    let register = use_request::<Draft>();
    let last_draft = use_state(Draft::default);
    let is_closed = use_state(|| false);
    let is_refused = register.failure().and_then(Failure::code) == Some(ErrorCode::RegistrationClosed);
    let title = match (register.data(), *is_closed || is_refused) {
        (Some(_), _) => "Look into your mail",
        (None, true) => "New accounts are by invitation only",
        (None, false) => "Create an account",
    };
    use_document_title(title, Focus::To("#account_name"));
    {
        let is_closed = is_closed.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                // Without a response the form is there all the same.
                if send(oauth::providers()).await.is_ok_and(|ways| !ways.registration_open) {
                    is_closed.set(true);
                }
            });
        });
    }
    let on_submit = register.callback(&(), |(), values: Vec<String>| async move {
        let [account_name, name, email, password] = <[String; 4]>::try_from(values).unwrap_or_default();
        let email = email.trim().to_owned();
        let request = RegisterRequest { account_name, name, email, password };
        send(registration::register(&request)).await?;
        clear_draft("register");
        Ok([request.account_name, request.name, request.email])
    });

    if let Some(draft) = register.data() {
        let on_other = {
            let (register, last_draft, draft) = (register.clone(), last_draft.setter(), draft.clone());
            Callback::from(move |()| {
                last_draft.set(draft.clone());
                register.reset();
            })
        };
        return html! { <CheckMail {title} email={draft[2].clone()} {on_other} /> };
    }
    if *is_closed || is_refused {
        return html! {
            <NarrowLayout {title}>
                <p id="register-closed">{ "Ask an owner of the account to invite you." }</p>
                <NavLink to={Route::Login} class="button primary">{ "Sign in" }</NavLink>
            </NarrowLayout>
        };
    }
    html! {
        <NarrowLayout {title}>
            <Form
                id="register" fields={fields(&last_draft)} submit="Create the account"
                busy="Creating the account…" status={form_status(&register, messages::not_done)} keeps_draft=true
                {on_submit}
            />
            <p class="aside">
                { "Already have an account? " }<NavLink to={Route::Login}>{ "Sign in" }</NavLink>
            </p>
        </NarrowLayout>
    }
}

fn fields(draft: &Draft) -> Vec<FormField> {
    let mut fields = vec![
        FormField::text("account_name", "Name of your company or team", "organization", "Enter a name."),
        FormField::text("name", "Your name", "name", "Enter your name."),
        FormField::email(),
        FormField::new_password(),
    ];
    for (field, value) in fields.iter_mut().zip(draft) {
        field.initial = value.clone().into();
    }
    fields
}

#[derive(Clone, PartialEq, Properties)]
struct CheckMailProps {
    title: &'static str,
    email: AttrValue,
    /// Called to use another address.
    on_other: Callback<()>,
}

/// Says that an email was sent, and sends it again.
#[component]
fn CheckMail(props: &CheckMailProps) -> Html {
    let resend: RequestHandle<()> = use_request();
    let on_resend = resend.callback(&props.email, |email: AttrValue, ()| async move {
        send(registration::resend_verification(email.to_string())).await
    });
    html! {
        <NarrowLayout
            title={props.title}
            lead="We sent a message to this address. Open the link in it within 24 hours to go on."
        >
            <p id="register-sent" class="email-shown">{ &props.email }</p>
            <LiveRegion id="register-alert" is_alert=true text={resend.failure().map(messages::not_done)} />
            <LiveRegion id="register-again" text={resend.data().map(|()| "Sent again.")} />
            <div class="stack">
                <ActionButton id="resend" label="Send it again" is_busy={resend.is_busy()} on_press={on_resend} />
                <ActionButton id="other-address" label="Use another address" on_press={&props.on_other} />
            </div>
        </NarrowLayout>
    }
}
