//! Asking for an account, and verifying an address.

use curfew_shared::{error::ErrorCode, person::RegisterRequest};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{LinkProps, alert, by_link, link, narrow, status, way_to, words, work_button, work_form};
use crate::{
    api::{Failure, people, send},
    components::{Entry, EntryFormProps, forget_typed},
    hooks::{Focus, use_client, use_link, use_page, use_work},
    route::Route,
};

/// Asks for an account; a message to the address goes on from there.
#[component]
pub fn Register() -> Html {
    // What was typed, but for the password.
    let asking = use_work::<[String; 3]>();
    let last = use_state(<[String; 3]>::default);
    let again = use_work::<()>();
    let is_closed = use_state(|| false);
    let is_refused = asking.failure().and_then(Failure::code) == Some(ErrorCode::RegistrationClosed);
    let title = match (asking.done(), *is_closed || is_refused) {
        (Some(_), _) => "Look into your mail",
        (None, true) => "New accounts are by invitation only",
        (None, false) => "Create an account",
    };
    use_page(title, Focus::To("#account_name"));
    {
        let is_closed = is_closed.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                // Without an answer the form is there all the same.
                if send(people::providers()).await.is_ok_and(|ways| !ways.registration_open) {
                    is_closed.set(true);
                }
            });
        });
    }

    if let Some(typed) = asking.done() {
        let email = &typed[2];
        let on_again = {
            let (again, email) = (again.clone(), email.clone());
            Callback::from(move |()| again.run(send(people::resend_verification(email.clone()))))
        };
        let on_other = {
            let (asking, again) = (asking.clone(), again.clone());
            let (last, typed) = (last.setter(), typed.clone());
            Callback::from(move |()| {
                last.set(typed.clone());
                asking.reset();
                again.reset();
            })
        };
        let content = html! {
            <>
                <p id="register-sent" class="email-shown">{ email }</p>
                { alert("register-alert", again.failure().map(words::not_done)) }
                { status("register-again", again.done().map(|()| "Sent again.".into())) }
                <div class="stack">
                    { work_button("resend", "button", "Send it again", again.is_busy(), &on_again) }
                    { work_button("other-address", "button", "Use another address", false, &on_other) }
                </div>
            </>
        };
        return narrow(
            title,
            "We sent a message to this address. Open the link in it within 24 hours to go on.",
            content,
        );
    }

    if *is_closed || is_refused {
        let content = html! {
            <>
                <p id="register-closed">{ "Ask an owner of the account to invite you." }</p>
                { way_to(Route::Login, "Sign in") }
            </>
        };
        return narrow(title, "", content);
    }
    let on_submit = {
        let asking = asking.clone();
        Callback::from(move |values: Vec<String>| {
            let Ok([account_name, name, email, password]) = <[String; 4]>::try_from(values) else { return };
            asking.run(async move {
                let email = email.trim().to_owned();
                let request = RegisterRequest { account_name, name, email, password };
                send(people::register(&request)).await?;
                forget_typed("register");
                Ok([request.account_name, request.name, request.email])
            });
        })
    };
    let mut entries = vec![
        Entry::text("account_name", "Name of your company or team", "organization", "Enter a name."),
        Entry::text("name", "Your name", "name", "Enter your name."),
        Entry::email(),
        Entry::new_password(),
    ];
    for (entry, typed) in entries.iter_mut().zip(&*last) {
        entry.initial = typed.clone().into();
    }
    let submit = ("Create the account", "Creating the account…");
    let form =
        EntryFormProps { is_kept: true, ..EntryFormProps::new("register", entries, submit, on_submit) };
    let content = html! {
        <>
            { work_form("", &asking, words::not_done, form) }
            <p class="aside">
                { "You have an account already? " }{ link(Route::Login, "", "Sign in".into()) }
            </p>
        </>
    };
    narrow(title, "", content)
}

/// Verifies an address by the link of a message. It takes a press: programs that look into mail open links too.
#[component]
pub fn VerifyEmail() -> Html {
    by_link::<Verify>(&use_link(|| None), (Route::Login, "Sign in"))
}

#[component]
fn Verify(props: &LinkProps) -> Html {
    let client = use_client();
    // None where a password is needed first.
    let work = use_work::<Option<String>>();
    let needs_password = use_state(|| false);
    let failure = work.failure();
    let verified = work.done().and_then(Option::as_ref);
    let title = match (verified, is_used_up(failure)) {
        (Some(_), _) => "Your address is verified",
        (None, true) => "That did not work",
        (None, false) if *needs_password => "Choose your password",
        (None, false) => "Verify your e-mail address",
    };
    use_page(title, Focus::Untouched);

    if let Some(email) = verified {
        let is_signed_in = client.store().read(|state| state.session().is_some());
        let done = status("verified", Some(format!("{email} is verified.")));
        return if is_signed_in {
            narrow(title, "", html! { <>{ done }{ way_to(Route::Home, "Go on") }</> })
        } else {
            let content = html! { <>{ done }{ way_to(Route::Login, "Sign in") }</> };
            narrow(title, "Sign in with it to go on.", content)
        };
    }
    let follow = {
        let (work, secret) = (work.clone(), props.secret.to_string());
        let needs_password = needs_password.setter();
        Callback::from(move |password: Option<String>| {
            let (client, secret, needs_password) = (client.clone(), secret.clone(), needs_password.clone());
            work.run(async move {
                let is_first = password.is_none();
                let email = match send(people::verify_email(secret, password)).await {
                    Err(failure) if is_first && !words::field_errors(Some(&failure)).is_empty() => {
                        needs_password.set(true);
                        return Ok(None);
                    }
                    answer => answer?.email,
                };
                // Whoever is signed in may have another address now; without an answer it is told later.
                let _ = client.me().await;
                Ok(Some(email))
            });
        })
    };
    let alert = alert("verify-alert", failure.map(words::not_done));
    if is_used_up(failure) {
        let content = html! {
            <>
                { alert }
                <p>{ "If you have verified the address already, just sign in. If not, register again." }</p>
                <div class="stack">
                    { way_to(Route::Login, "Sign in") }
                    { link(Route::Register, "button", "Register again".into()) }
                </div>
            </>
        };
        return narrow(title, "", content);
    }
    if *needs_password {
        let on_submit = follow.reform(|values: Vec<String>| values.into_iter().next());
        let submit = ("Save password and verify", "Verifying…");
        let form = EntryFormProps::new("verify", vec![Entry::new_password()], submit, on_submit);
        let lead = "This is not the browser in which the account was registered. To make sure that only you can sign \
                    in, choose your password here. It replaces the one chosen at registration.";
        return narrow(title, lead, work_form("", &work, words::not_done, form));
    }
    let on_press = follow.reform(|()| None);
    let content = html! {
        <>
            { alert }
            { work_button("verify", "button primary", "Verify my e-mail address", work.is_busy(), &on_press) }
        </>
    };
    narrow(title, "One press shows that the message reached you.", content)
}

/// Whether a link is good no longer, so that trying again is of no use.
pub(super) fn is_used_up(failure: Option<&Failure>) -> bool {
    let code = failure.and_then(Failure::code);
    matches!(code, Some(ErrorCode::InvalidLink | ErrorCode::AddressTaken | ErrorCode::IdentityTaken))
}
