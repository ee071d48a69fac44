//! The page for an unknown address.

use yew::prelude::*;

use super::nav_link::NavLink;
use crate::{
    route::Route,
    ui::use_document_title::{Focus, use_document_title},
};

/// Says that there is no such page, and links home.
#[component]
pub fn NotFound() -> Html {
    use_document_title("Page not found", Focus::Untouched);
    html! {
        <div class="start">
            <h1 tabindex="-1">{ "There is nothing here" }</h1>
            <p class="lead">{ "This address leads nowhere. It may be mistyped, or the page may have moved." }</p>
            <NavLink to={Route::Home} class="button">{ "Go home" }</NavLink>
        </div>
    }
}
