//! The page that others see in place of a page for owners.

use yew::prelude::*;

use super::nav_link::NavLink;
use crate::{
    route::Route,
    ui::use_document_title::{Focus, use_document_title},
};

/// Says that the page is for owners, and links back.
#[component]
pub fn OwnersOnly() -> Html {
    use_document_title("Only for owners", Focus::Untouched);
    html! {
        <div id="owners-only" class="start">
            <h1 tabindex="-1">{ "Only owners can see this" }</h1>
            <p class="lead">
                { "This page is for the owners of your account. If you need something from it, or should be an owner, \
                   ask one of them." }
            </p>
            <NavLink to={Route::Account} class="button">{ "Back to your account" }</NavLink>
        </div>
    }
}
