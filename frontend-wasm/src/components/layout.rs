//! The frame around every page: skip link, header with the way out, connection notice, content.

use yew::prelude::*;

use super::{
    focus::{Focus, use_focus_given_back},
    logo,
};

/// How a sign-out stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignOutState {
    /// None was asked for.
    #[default]
    Idle,
    /// The server is being told.
    Busy,
    /// The server could not be told.
    Failed,
}

/// Props of [`Layout`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LayoutProps {
    /// The name of who is signed in. Somebody who is can always sign out (ASVS V7.4.4).
    #[prop_or_default]
    pub person: Option<AttrValue>,
    /// The ways to the main pages.
    #[prop_or_default]
    pub nav: Html,
    /// What is said at the edge of the window. Before the content for the keyboard, below it for the eye.
    #[prop_or_default]
    pub dock: Html,
    /// How a sign-out stands.
    #[prop_or_default]
    pub sign_out: SignOutState,
    /// Called to sign out, and to try again.
    #[prop_or_default]
    pub on_sign_out: Callback<()>,
    /// Called to clear the page although the server could not be told.
    #[prop_or_default]
    pub on_sign_out_here: Callback<()>,
    /// What is wrong with the connection.
    #[prop_or_default]
    pub notice: Option<AttrValue>,
    /// Called when somebody wants to try the connection at once.
    #[prop_or_default]
    pub on_retry: Callback<()>,
    /// The page.
    pub children: Html,
}

/// The frame around every page.
#[component]
pub fn Layout(props: &LayoutProps) -> Html {
    let sign_out = props.on_sign_out.reform(|_: MouseEvent| ());
    let is_busy = props.sign_out == SignOutState::Busy;
    let at_connection = use_focus_given_back(props.notice.is_some());
    let at_sign_out = use_focus_given_back(has_failed(props));
    html! {
        <>
            <a class="skip" href="#main">{ "Skip to content" }</a>
            <header class="header">
                <span class="brand">{ logo() }<span class="brand-name">{ "Curfew" }</span></span>
                { props.nav.clone() }
                if let Some(person) = &props.person {
                    <span id="person" class="person">{ person }</span>
                    <button
                        id="sign-out" type="button" class="button" onclick={sign_out}
                        aria-disabled={is_busy.then_some("true")}
                    >
                        { if is_busy { "Signing out…" } else { "Sign out" } }
                    </button>
                }
            </header>
            { connection_notice(props, at_connection) }
            { sign_out_notice(props, at_sign_out) }
            { props.dock.clone() }
            <main id="main" tabindex="-1">{ props.children.clone() }</main>
        </>
    }
}

fn connection_notice(props: &LayoutProps, focus: Focus) -> Html {
    let onclick = props.on_retry.reform(|_: MouseEvent| ());
    html! {
        <div
            ref={focus.part} class={classes!("notice", props.notice.is_some().then_some("filled"))}
            onfocusin={focus.on_in} onfocusout={focus.on_out}
        >
            <p id="connection" role="status">{ props.notice.clone().unwrap_or_default() }</p>
            if props.notice.is_some() {
                <button id="reconnect" type="button" class="button small" {onclick}>{ "Try now" }</button>
            }
        </div>
    }
}

fn has_failed(props: &LayoutProps) -> bool {
    props.sign_out == SignOutState::Failed && props.person.is_some()
}

fn sign_out_notice(props: &LayoutProps, focus: Focus) -> Html {
    let has_failed = has_failed(props);
    let again = props.on_sign_out.reform(|_: MouseEvent| ());
    let here = props.on_sign_out_here.reform(|_: MouseEvent| ());
    html! {
        <div
            ref={focus.part} class={classes!("notice", "danger", has_failed.then_some("filled"))}
            onfocusin={focus.on_in} onfocusout={focus.on_out}
        >
            <p id="sign-out-alert" role="alert">
                if has_failed {
                    { "You are not signed out yet: the server could not be told. Signing out here clears this page now; the \
                       server is told as soon as this browser can reach it, and until then the session stays open \
                       there." }
                }
            </p>
            if has_failed {
                <div class="actions">
                    <button id="sign-out-again" type="button" class="button small" onclick={again}>
                        { "Try again" }
                    </button>
                    <button id="sign-out-here" type="button" class="button small" onclick={here}>
                        { "Sign out here anyway" }
                    </button>
                </div>
            }
        </div>
    }
}
