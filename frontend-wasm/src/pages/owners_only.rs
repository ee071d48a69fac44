//! What somebody sees who came to a page that is for owners.

use yew::prelude::*;

use super::link;
use crate::{
    hooks::{Focus, use_page},
    route::Route,
};

/// Says so calmly, and shows the way back.
#[component]
pub fn OwnersOnly() -> Html {
    use_page("Only for owners", Focus::Untouched);
    html! {
        <div id="owners-only" class="start">
            <h1 tabindex="-1">{ "Only owners can see this" }</h1>
            <p class="lead">
                { "This page is for the owners of your account. If you need something from it, or should be an owner, \
                   ask one of them." }
            </p>
            { link(Route::Account, "button", "Back to your account".into()) }
        </div>
    }
}
