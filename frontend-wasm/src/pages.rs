//! One a route: they join hooks and components.

mod account;
mod audit;
mod home;
mod invite;
mod login;
mod members;
mod not_found;
mod oauth_callback;
mod owners_only;
mod profile;
mod recovery;
mod registration;
mod security;
mod sessions;
mod words;

use yew::prelude::*;

pub use account::Account;
pub use audit::Audit;
pub use home::Home;
pub use invite::Invite;
pub use login::Login;
pub use members::Members;
pub use not_found::NotFound;
pub use oauth_callback::{NEXT, OauthCallback};
pub use owners_only::OwnersOnly;
pub use profile::Profile;
pub use recovery::{Disown, ForgotPassword, ResetPassword};
pub use registration::{Register, VerifyEmail};
pub use security::Security;
pub use sessions::Sessions;
pub use words::{connection_notice, not_confirmed, not_extended, not_loaded, not_signed_in_again};

use crate::{
    components::{Loading, LoadingProps},
    hooks::{Page, Pages},
    part::with,
};

/// A page with one thing to do: a heading, a lead, a card.
fn narrow(title: &str, lead: &str, content: Html) -> Html {
    html! {
        <div class="sign-in">
            <h1 tabindex="-1">{ title }</h1>
            if !lead.is_empty() {
                <p class="lead">{ lead }</p>
            }
            <div class="card">{ content }</div>
        </div>
    }
}

/// What went wrong, in a live region that stands there from the start.
fn alert(id: &'static str, words: Option<String>) -> Html {
    html! {
        <div {id} role="alert" class="live">
            if let Some(words) = words {
                <p class="alert">{ words }</p>
            }
        </div>
    }
}

/// What was done, in a live region that stands there from the start.
fn status(id: &'static str, words: Option<String>) -> Html {
    html! {
        <div {id} role="status" class="live">
            if let Some(words) = words {
                <p class="banner">{ words }</p>
            }
        </div>
    }
}

/// A button that does something with the server.
fn work_button(
    id: &'static str,
    class: &'static str,
    words: &str,
    is_busy: bool,
    on_press: &Callback<()>,
) -> Html {
    html! {
        <button
            {id} type="button" {class} onclick={on_press.reform(|_: MouseEvent| ())}
            aria-disabled={is_busy.then_some("true")}
        >
            if is_busy {
                <span class="spinner" aria-hidden="true"></span>
            }
            { words }
        </button>
    }
}

/// What stands below a list: the wait and its failure, and the way to more, as a button with the id `more`.
fn list_end<P: Page>(name: &'static str, more: &'static str, list: &Pages<P>) -> Html {
    let on_go_on = {
        let list = list.clone();
        Callback::from(move |()| list.go_on())
    };
    let failure = list.failure().map(|failure| words::not_listed(failure, list.is_old()));
    let button = || work_button(more, "button", "Load more", list.is_busy(), &on_go_on);
    html! {
        <>
            { load_state(name, list.is_busy(), failure, &on_go_on) }
            { if list.has_more() { button() } else { Html::default() } }
        </>
    }
}

/// A wait and its failure.
pub fn load_state(
    name: &'static str,
    is_busy: bool,
    failure: Option<String>,
    on_retry: &Callback<()>,
) -> Html {
    with::<Loading>(LoadingProps {
        name: name.into(),
        is_busy,
        failure: failure.map(AttrValue::from),
        on_retry: on_retry.clone(),
    })
}
