//! One a route: they join hooks and components.

mod account;
mod audit;
mod home;
mod invite;
mod leaving;
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

use curfew_shared::error::ErrorCode;
use yew::prelude::*;
use yew_router::prelude::Link as RouterLink;

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
    api::Failure,
    components::{EntryForm, EntryFormProps, Live, Loading},
    hooks::{Focus, Link, Page, Pages, Work, use_page},
    route::Route,
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

/// Props of a page that a link in a message leads to.
#[derive(Clone, PartialEq, Properties)]
struct LinkProps {
    /// What the link is good by.
    secret: AttrValue,
}

/// The page that `link` leads to, anew for each. Without a secret it is of no use to ask for anything there:
/// `way_on` is shown instead.
fn by_link<C: BaseComponent<Properties = LinkProps>>(link: &Link, way_on: (Route, &'static str)) -> Html {
    if link.secret.is_empty() {
        return html! { <Incomplete {way_on} /> };
    }
    html! { <C key={link.number.to_string()} secret={link.secret.clone()} /> }
}

#[derive(Clone, PartialEq, Properties)]
struct IncompleteProps {
    way_on: (Route, &'static str),
}

#[component]
fn Incomplete(props: &IncompleteProps) -> Html {
    use_page("This link is not whole", Focus::Untouched);
    let (route, words) = props.way_on;
    let content = html! {
        <>
            <p id="link-incomplete">
                { "A part of it is missing, or the page was loaded again. Open the link in the message once more." }
            </p>
            { way_to(route, words) }
        </>
    };
    narrow("This link is not whole", "", content)
}

/// The one thing to do next.
fn way_to(to: Route, words: &'static str) -> Html {
    link(to, "button primary", words.into())
}

/// The way to another page.
#[inline(never)]
fn link(to: Route, class: &'static str, content: Html) -> Html {
    html! { <RouterLink<Route> {to} classes={class}>{ content }</RouterLink<Route>> }
}

/// Whether it was done; not, where what it was about was gone already, so that nothing is left to do.
fn done_or_gone(outcome: Result<(), Failure>) -> Result<bool, Failure> {
    match outcome {
        Ok(()) => Ok(true),
        Err(failure) if failure.code() == Some(ErrorCode::NotFound) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// What went wrong, in a live region.
fn alert(id: &'static str, words: Option<String>) -> Html {
    live(id, true, words)
}

/// A form for the server, with what came of it.
fn work_form<T: 'static>(
    key: &str,
    work: &Work<T>,
    words: fn(&Failure) -> String,
    form: EntryFormProps,
) -> Html {
    form_of(key, work.is_busy(), work.failure(), words, form)
}

fn form_of(
    key: &str,
    is_busy: bool,
    failure: Option<&Failure>,
    words: fn(&Failure) -> String,
    form: EntryFormProps,
) -> Html {
    let alert = failure.map(words).map(AttrValue::from);
    html! { <EntryForm key={key} {is_busy} {alert} errors={words::field_errors(failure)} ..form /> }
}

/// What was done, in a live region.
fn status(id: &'static str, words: Option<String>) -> Html {
    live(id, false, words)
}

#[inline(never)]
fn live(id: &'static str, is_alert: bool, words: Option<String>) -> Html {
    html! { <Live {id} {is_alert} words={words.map(AttrValue::from)} /> }
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
    html! { <Loading {name} {is_busy} failure={failure.map(AttrValue::from)} on_retry={on_retry.clone()} /> }
}
