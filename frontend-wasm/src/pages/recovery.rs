//! Getting back in: a forgotten password, and a sign-in that was somebody else's.

use yew::prelude::*;
use yew_router::prelude::*;

use super::{alert, narrow, registration::is_used_up, status, words, work_button};
use crate::{
    api::{people, send},
    browser::page,
    components::{Entry, EntryForm},
    hooks::{Focus, use_page, use_work},
    length::counted,
    route::Route,
};

/// Asks for a link to set a new password.
#[component]
pub fn ForgotPassword() -> Html {
    use_page("Forgotten password", Focus::To("#email"));
    let asking = use_work::<String>();

    if let Some(email) = asking.done() {
        let on_other = {
            let asking = asking.clone();
            Callback::from(move |()| asking.reset())
        };
        let content = html! {
            <>
                <p id="forgot-sent" class="email-shown">{ email }</p>
                <p class="hint">{ "Nothing arrives? Look among the unwanted messages, or try another address." }</p>
                { work_button("other-address", "button", "Use another address", false, &on_other) }
            </>
        };
        return narrow(
            "Look into your mail",
            "If somebody signs in with this address, a message is on its way to it. Its link works for an hour.",
            content,
        );
    }
    let on_submit = {
        let asking = asking.clone();
        Callback::from(move |values: Vec<String>| {
            let email = values.into_iter().next().unwrap_or_default().trim().to_owned();
            asking.run(async move { send(people::forgot_password(email.clone())).await.map(|()| email) });
        })
    };
    let content = html! {
        <>
            <EntryForm
                id="forgot" entries={vec![Entry::email()]} submit="Send me a link" busy="Sending…"
                is_busy={asking.is_busy()} alert={asking.failure().map(words::not_done).map(AttrValue::from)}
                errors={words::field_errors(asking.failure())} {on_submit}
            />
            <p class="aside"><Link<Route> to={Route::Login}>{ "Back to sign-in" }</Link<Route>></p>
        </>
    };
    narrow("Forgotten your password?", "We send you a link with which you set a new one.", content)
}

/// Sets a new password by the link of a message.
#[component]
pub fn ResetPassword() -> Html {
    use_page("Set a new password", Focus::To("#password"));
    let token = use_memo((), |()| page::take_fragment().unwrap_or_default());
    html! { <NewPassword token={AttrValue::from((*token).clone())} /> }
}

#[derive(Clone, PartialEq, Properties)]
struct NewPasswordProps {
    token: AttrValue,
}

#[component]
fn NewPassword(props: &NewPasswordProps) -> Html {
    let work = use_work::<()>();
    if work.done().is_some() {
        let content = html! {
            <>
                { status("reset-done", Some("Your new password is set.".into())) }
                <Link<Route> to={Route::Login} classes="button primary">{ "Sign in" }</Link<Route>>
            </>
        };
        return narrow(
            "Your password is set",
            "You were signed out everywhere. Sign in with the new one.",
            content,
        );
    }
    let on_submit = {
        let (work, token) = (work.clone(), props.token.to_string());
        Callback::from(move |values: Vec<String>| {
            let password = values.into_iter().next().unwrap_or_default();
            work.run(send(people::reset_password(token.clone(), password)));
        })
    };
    let failure = work.failure();
    let content = if is_used_up(failure) {
        html! {
            <>
                { alert("reset-alert", failure.map(words::not_done)) }
                <Link<Route> to={Route::ForgotPassword} classes="button primary">{ "Ask for a new link" }</Link<Route>>
            </>
        }
    } else {
        html! {
            <EntryForm
                id="reset" entries={vec![Entry::new_password()]} submit="Set the password and sign out everywhere"
                busy="Setting the password…" is_busy={work.is_busy()}
                alert={failure.map(words::not_done).map(AttrValue::from)} errors={words::field_errors(failure)} {on_submit}
            />
        }
    };
    narrow("Set a new password", "Setting it signs you out on every device.", content)
}

/// Says by the link of a message that a sign-in was somebody else's, and goes on to a new password.
#[component]
pub fn Disown() -> Html {
    use_page("This wasn’t me", Focus::Untouched);
    let token = use_memo((), |()| page::take_fragment().unwrap_or_default());
    let work = use_work::<(u64, AttrValue)>();

    if let Some((count, token)) = work.done() {
        return html! {
            <>
                { status("disowned", Some(format!("Signed out everywhere: {} ended.", counted(*count, "session")))) }
                <NewPassword token={token.clone()} />
            </>
        };
    }
    let on_press = {
        let work = work.clone();
        Callback::from(move |()| {
            let token = (*token).clone();
            work.run(async move {
                let answer = send(people::disown(token)).await?;
                Ok((answer.revoked_count, answer.reset_token.into()))
            });
        })
    };
    let failure = work.failure();
    let content = html! {
        <>
            { alert("disown-alert", failure.map(words::not_done)) }
            if is_used_up(failure) {
                <p>{ "That session has ended already. If somebody may know your password, set a new one." }</p>
                <Link<Route> to={Route::ForgotPassword} classes="button primary">{ "Set a new password" }</Link<Route>>
            } else {
                { work_button(
                    "disown", "button danger", "This wasn’t me: sign out everywhere", work.is_busy(), &on_press,
                ) }
            }
        </>
    };
    narrow(
        "Was that not you?",
        "This ends every session of yours at once, the stranger’s too. Then you set a new password.",
        content,
    )
}
