//! The layout of every page: skip link, header with the sign-out button, notices, content.

use yew::prelude::*;

use super::{
    logo::logo,
    use_focus_return::{FocusReturn, use_focus_return},
};

/// The progress of a sign-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignOutState {
    #[default]
    Idle,
    Busy,
    /// The server could not be told.
    Failed,
}

/// Props of [`Layout`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LayoutProps {
    /// The name of the person who is signed in. They can always sign out (ASVS V7.4.4).
    #[prop_or_default]
    pub person: Option<AttrValue>,
    #[prop_or_default]
    pub nav: Html,
    /// Shown at the edge of the window: before the content for the keyboard, below it for the eye.
    #[prop_or_default]
    pub dock: Html,
    /// The progress of a sign-out.
    #[prop_or_default]
    pub sign_out: SignOutState,
    #[prop_or_default]
    pub on_sign_out: Callback<()>,
    /// Called to clear the page although the server could not be told.
    #[prop_or_default]
    pub on_sign_out_here: Callback<()>,
    /// The problem with the connection.
    #[prop_or_default]
    pub notice: Option<AttrValue>,
    /// Called to try the connection again immediately.
    #[prop_or_default]
    pub on_retry: Callback<()>,
    pub children: Html,
}

#[component]
pub fn Layout(props: &LayoutProps) -> Html {
    let sign_out = props.on_sign_out.reform(|_: MouseEvent| ());
    let is_busy = props.sign_out == SignOutState::Busy;
    let connection_focus = use_focus_return(props.notice.is_some());
    let sign_out_focus = use_focus_return(has_failed(props));
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
            { connection_notice(props, connection_focus) }
            { sign_out_notice(props, sign_out_focus) }
            { props.dock.clone() }
            <main id="main" tabindex="-1">{ props.children.clone() }</main>
        </>
    }
}

fn connection_notice(props: &LayoutProps, focus: FocusReturn) -> Html {
    let onclick = props.on_retry.reform(|_: MouseEvent| ());
    html! {
        <div
            ref={focus.node} class={classes!("notice", props.notice.is_some().then_some("filled"))}
            onfocusin={focus.on_focus_in} onfocusout={focus.on_focus_out}
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

fn sign_out_notice(props: &LayoutProps, focus: FocusReturn) -> Html {
    let has_failed = has_failed(props);
    let again = props.on_sign_out.reform(|_: MouseEvent| ());
    let here = props.on_sign_out_here.reform(|_: MouseEvent| ());
    html! {
        <div
            ref={focus.node} class={classes!("notice", "danger", has_failed.then_some("filled"))}
            onfocusin={focus.on_focus_in} onfocusout={focus.on_focus_out}
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
