//! Getting back in: a forgotten password, and a sign-in that was somebody else's.

use yew::prelude::*;

use super::{
    LinkProps, alert, by_link, link, narrow, registration::is_used_up, status, way_to, words, work_button,
    work_form,
};
use crate::{
    api::{people, send},
    components::{Entry, EntryFormProps, forget_typed},
    hooks::{Focus, use_client, use_link, use_page, use_work},
    length::counted,
    route::Route,
};

/// Asks for a link to set a new password.
#[component]
pub fn ForgotPassword() -> Html {
    let asking = use_work::<AttrValue>();
    let last = use_state(AttrValue::default);
    use_page(
        if asking.done().is_some() { "Look into your mail" } else { "Forgotten password" },
        Focus::To("#email"),
    );

    if let Some(email) = asking.done() {
        let on_other = {
            let (asking, last, email) = (asking.clone(), last.setter(), email.clone());
            Callback::from(move |()| {
                last.set(email.clone());
                asking.reset();
            })
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
            asking.run(async move {
                send(people::forgot_password(email.clone())).await?;
                forget_typed("forgot");
                Ok(email.into())
            });
        })
    };
    let entry = Entry { initial: (*last).clone(), ..Entry::email() };
    let submit = ("Send me a link", "Sending…");
    let form =
        EntryFormProps { is_kept: true, ..EntryFormProps::new("forgot", vec![entry], submit, on_submit) };
    let content = html! {
        <>
            { work_form("", &asking, words::not_done, form) }
            <p class="aside">{ link(Route::Login, "", "Back to sign-in".into()) }</p>
        </>
    };
    narrow("Forgotten your password?", "We send you a link with which you set a new one.", content)
}

/// Sets a new password by the link of a message.
#[component]
pub fn ResetPassword() -> Html {
    by_link::<NewPassword>(&use_link(|| None), (Route::ForgotPassword, "Ask for a new link"))
}

#[component]
fn NewPassword(props: &LinkProps) -> Html {
    let client = use_client();
    let work = use_work::<()>();
    let failure = work.failure();
    let title = match (work.done(), is_used_up(failure)) {
        (Some(()), _) => "Your password is set",
        (None, true) => "Ask for a new link",
        (None, false) => "Set a new password",
    };
    use_page(title, Focus::To("#password"));
    if work.done().is_some() {
        let content = html! {
            <>
                { status("reset-done", Some("Your new password is set.".into())) }
                { way_to(Route::Login, "Sign in") }
            </>
        };
        let lead = "You were signed out everywhere. Pending invitations that you had sent were cancelled, and ways to \
                    sign in that were added in the last nine days were unlinked.";
        return narrow(title, lead, content);
    }
    if is_used_up(failure) {
        let content = html! {
            <>
                { alert("reset-alert", failure.map(words::not_done)) }
                <p>{ "It works once, for an hour, and not after the password has changed." }</p>
                { way_to(Route::ForgotPassword, "Ask for a new link") }
            </>
        };
        return narrow(title, "", content);
    }
    let on_submit = {
        let (work, client, secret) = (work.clone(), client.clone(), props.secret.to_string());
        Callback::from(move |values: Vec<String>| {
            let password = values.into_iter().next().unwrap_or_default();
            let (client, secret) = (client.clone(), secret.clone());
            work.run(async move {
                send(people::reset_password(secret, password)).await?;
                // Whoever is signed in here may have been signed out by that.
                let _ = client.me().await;
                Ok(())
            });
        })
    };
    let submit = ("Set the password and sign out everywhere", "Setting the password…");
    let form = EntryFormProps::new("reset", vec![Entry::new_password()], submit, on_submit);
    let content = work_form("", &work, words::not_done, form);
    narrow(title, "Setting it signs you out on every device.", content)
}

/// Says by the link of a message that a sign-in was somebody else's. A link to set a new password comes by mail.
#[component]
pub fn Disown() -> Html {
    by_link::<NotMe>(&use_link(|| None), (Route::ForgotPassword, "Set a new password"))
}

#[component]
fn NotMe(props: &LinkProps) -> Html {
    let client = use_client();
    let work = use_work::<u64>();
    let failure = work.failure();
    let is_used_up = is_used_up(failure);
    let title = match (work.done(), is_used_up) {
        (Some(_), _) => "Check your email",
        (None, true) => "That did not work",
        (None, false) => "This wasn’t me",
    };
    use_page(title, Focus::Untouched);

    if let Some(count) = work.done() {
        let ended = format!("Signed out everywhere: {} ended.", counted(*count, "session"));
        let content = html! {
            <>
                { status("disowned", Some(ended)) }
                <p class="hint">{ "Didn’t get it? Check your spam folder, or ask for another link." }</p>
                { link(Route::ForgotPassword, "button", "Ask for another link".into()) }
            </>
        };
        let lead = "We emailed you a link to set a new password. It works for an hour.";
        return narrow(title, lead, content);
    }
    let on_press = {
        let (work, secret) = (work.clone(), props.secret.to_string());
        Callback::from(move |()| {
            let (client, secret) = (client.clone(), secret.clone());
            work.run(async move {
                let ended = send(people::disown(secret)).await?.revoked_count;
                let _ = client.me().await;
                Ok(ended)
            });
        })
    };
    let alert = alert("disown-alert", failure.map(words::not_done));
    if is_used_up {
        let content = html! {
            <>
                { alert }
                <p>{ "It was used already, or your password has changed since; a newer email may have a link that works. If someone may know your password, set a new one." }</p>
                { way_to(Route::ForgotPassword, "Set a new password") }
            </>
        };
        return narrow("That did not work", "", content);
    }
    let content = html! {
        <>
            { alert }
            { work_button(
                "disown", "button danger", "This wasn’t me: sign out everywhere", work.is_busy(), &on_press,
            ) }
        </>
    };
    narrow(
        "Was that not you?",
        "We’ll sign out every device, including theirs, undo what they changed and email you a link to set a new password.",
        content,
    )
}
