//! Disowning a sign-in by the link in an email. A link to set a new password follows by email.

use yew::prelude::*;

use crate::{
    api::{recovery, request::send, use_request::use_request},
    features::{
        link_page::{LinkPageProps, with_link_token},
        messages::{self, is_used_up},
        nav_link::NavLink,
    },
    route::Route,
    session::use_client::use_client,
    ui::{
        action_button::ActionButton,
        duration_text::counted,
        live_region::LiveRegion,
        narrow_layout::NarrowLayout,
        use_document_title::{Focus, use_document_title},
        use_link_token::use_link_token,
    },
};

/// Reports a sign-in as someone else's.
#[component]
pub fn Disown() -> Html {
    with_link_token::<NotMe>(&use_link_token(|| None), (Route::ForgotPassword, "Set a new password"))
}

#[component]
fn NotMe(props: &LinkPageProps) -> Html {
    let client = use_client();
    let disown = use_request::<u64>();
    let is_used_up = is_used_up(disown.failure());
    let title = match (disown.data(), is_used_up) {
        (Some(_), _) => "Check your email",
        (None, true) => "That did not work",
        (None, false) => "This wasn’t me",
    };
    use_document_title(title, Focus::Untouched);
    let on_press = {
        let context = (client, props.token.to_string());
        disown.callback(&context, |(client, token), ()| async move {
            let count = send(recovery::disown(token)).await?.revoked_count;
            let _ = client.me().await;
            Ok(count)
        })
    };

    if let Some(count) = disown.data() {
        return html! {
            <NarrowLayout {title} lead="We emailed you a link to set a new password. It works for an hour.">
                <LiveRegion
                    id="disowned"
                    text={format!("Signed out everywhere: {} ended.", counted(*count, "session"))}
                />
                <p class="hint">{ "Didn’t get it? Check your spam folder, or ask for another link." }</p>
                <NavLink to={Route::ForgotPassword} class="button">{ "Ask for another link" }</NavLink>
            </NarrowLayout>
        };
    }
    let alert = html! {
        <LiveRegion id="disown-alert" is_alert=true text={disown.failure().map(messages::not_done)} />
    };
    if is_used_up {
        return html! {
            <NarrowLayout {title}>
                { alert }
                <p>
                    { "It was used already, or your password has changed since; a newer email may have a link that \
                       works. If someone may know your password, set a new one." }
                </p>
                <NavLink to={Route::ForgotPassword} class="button primary">{ "Set a new password" }</NavLink>
            </NarrowLayout>
        };
    }
    html! {
        <NarrowLayout
            title="Was that not you?"
            lead="We’ll sign out every device, including theirs, undo what they changed and email you a link to set \
                  a new password."
        >
            { alert }
            <ActionButton
                id="disown" class="button danger" label="This wasn’t me: sign out everywhere"
                is_busy={disown.is_busy()} {on_press}
            />
        </NarrowLayout>
    }
}
