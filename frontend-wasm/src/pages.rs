//! One a route: they join hooks and components.

mod account;
mod audit;
mod home;
mod login;
mod not_found;
mod owners_only;
mod security;
mod words;

use yew::prelude::*;

pub use account::Account;
pub use audit::Audit;
pub use home::Home;
pub use login::Login;
pub use not_found::NotFound;
pub use owners_only::OwnersOnly;
pub use security::Security;
pub use words::{connection_notice, not_extended, not_signed_in_again};

/// A wait and its failure, each in a live region that stands there from the start.
fn load_state(name: &str, is_busy: bool, failure: Option<String>, on_retry: &Callback<()>) -> Html {
    let has_failed = failure.is_some();
    html! {
        <div class="load">
            <div id={format!("{name}-loading")} role="status" class="live">
                if is_busy {
                    <p class="waiting"><span class="spinner" aria-hidden="true"></span>{ "Loading…" }</p>
                }
            </div>
            <div id={format!("{name}-alert")} role="alert" class="live">
                if let Some(failure) = failure {
                    <p class="alert">{ failure }</p>
                }
            </div>
            if has_failed {
                <button
                    id={format!("{name}-retry")} type="button" class="button"
                    onclick={on_retry.reform(|_: MouseEvent| ())}
                >
                    { "Try again" }
                </button>
            }
        </div>
    }
}
