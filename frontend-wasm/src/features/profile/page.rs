//! The profile page.

use yew::prelude::*;

use super::{
    email::Email, leave_account::LeaveAccount, name::Name, password::Password, providers::Providers,
};
use crate::{
    features::nav_link::NavLink,
    route::Route,
    ui::use_document_title::{Focus, use_document_title},
};

/// A card for each setting.
#[component]
pub fn Profile() -> Html {
    use_document_title("Profile", Focus::Untouched);
    html! {
        <div class="settings">
            <NavLink to={Route::Account} class="back">{ "‹ Account" }</NavLink>
            <h1 tabindex="-1">{ "Profile" }</h1>
            <Name />
            <Email />
            <Password />
            <Providers />
            <LeaveAccount />
        </div>
    }
}
