//! Asking for an account, and verifying an address.

use curfew_shared::{error::ErrorCode, person::RegisterRequest};
use yew::prelude::*;
use yew_router::prelude::*;

use super::{alert, narrow, status, words, work_button};
use crate::{
    api::{Failure, people, send},
    browser::page,
    components::{Entry, EntryForm},
    hooks::{Focus, use_page, use_work},
    route::Route,
};

/// Asks for an account; a message to the address goes on from there.
#[component]
pub fn Register() -> Html {
    use_page("Create an account", Focus::To("#account_name"));
    let asking = use_work::<String>();
    let again = use_work::<()>();

    if let Some(email) = asking.done() {
        let on_again = {
            let (again, email) = (again.clone(), email.clone());
            Callback::from(move |()| again.run(send(people::resend_verification(email.clone()))))
        };
        let on_other = {
            let (asking, again) = (asking.clone(), again.clone());
            Callback::from(move |()| {
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
            "Look into your mail",
            "We sent a message to this address. Open the link in it within 24 hours to go on.",
            content,
        );
    }

    let on_submit = {
        let asking = asking.clone();
        Callback::from(move |values: Vec<String>| {
            let Ok([account_name, name, email, password]) = <[String; 4]>::try_from(values) else { return };
            asking.run(async move {
                let request =
                    RegisterRequest { account_name, name, email: email.trim().to_owned(), password };
                send(people::register(&request)).await.map(|()| request.email)
            });
        })
    };
    let entries = vec![
        Entry::text("account_name", "Name of your company or team", "organization", "Enter a name."),
        Entry::text("name", "Your name", "name", "Enter your name."),
        Entry::email(),
        Entry::new_password(),
    ];
    let content = html! {
        <>
            <EntryForm
                id="register" {entries} submit="Create the account" busy="Creating the account…"
                is_busy={asking.is_busy()} alert={asking.failure().map(words::not_done).map(AttrValue::from)}
                errors={words::field_errors(asking.failure())} {on_submit}
            />
            <p class="aside">
                { "You have an account already? " }<Link<Route> to={Route::Login}>{ "Sign in" }</Link<Route>>
            </p>
        </>
    };
    narrow("Create an account", "", content)
}

/// Verifies an address by the link of a message. It takes a press: programs that look into mail open links too.
#[component]
pub fn VerifyEmail() -> Html {
    use_page("Verify your e-mail address", Focus::Untouched);
    let token = use_memo((), |()| page::take_fragment().unwrap_or_default());
    let work = use_work::<String>();

    if let Some(email) = work.done() {
        let content = html! {
            <>
                { status("verified", Some(format!("{email} is verified."))) }
                <Link<Route> to={Route::Login} classes="button primary">{ "Sign in" }</Link<Route>>
            </>
        };
        return narrow("Your address is verified", "Sign in with it to go on.", content);
    }
    let on_press = {
        let work = work.clone();
        Callback::from(move |()| {
            let token = (*token).clone();
            work.run(async move { send(people::verify_email(token)).await.map(|answer| answer.email) });
        })
    };
    let failure = work.failure();
    let content = html! {
        <>
            { alert("verify-alert", failure.map(words::not_done)) }
            if is_used_up(failure) {
                <p>{ "If you have verified the address already, just sign in. If not, register again." }</p>
                <div class="stack">
                    <Link<Route> to={Route::Login} classes="button primary">{ "Sign in" }</Link<Route>>
                    <Link<Route> to={Route::Register} classes="button">{ "Register again" }</Link<Route>>
                </div>
            } else {
                { work_button("verify", "button primary", "Verify my e-mail address", work.is_busy(), &on_press) }
            }
        </>
    };
    narrow("Verify your e-mail address", "One press shows that the message reached you.", content)
}

/// Whether a link is good no longer, so that trying again is of no use.
pub(super) fn is_used_up(failure: Option<&Failure>) -> bool {
    matches!(failure.and_then(Failure::code), Some(ErrorCode::InvalidLink | ErrorCode::AddressTaken))
}
