//! Verifying an email address by the link in an email.

use yew::prelude::*;

use crate::{
    api::{
        failure::Failure,
        registration,
        request::send,
        use_request::{RequestHandle, use_request},
    },
    features::{
        form_status::form_status,
        link_page::{LinkPageProps, with_link_token},
        messages::{self, is_used_up},
        nav_link::NavLink,
    },
    route::Route,
    session::use_client::use_client,
    ui::{
        action_button::ActionButton,
        form::{Form, FormField},
        live_region::LiveRegion,
        narrow_layout::NarrowLayout,
        use_document_title::{Focus, use_document_title},
        use_link_token::use_link_token,
    },
};

/// Verifies an address. It takes a click, since programs that scan email open links too.
#[component]
pub fn VerifyEmail() -> Html {
    with_link_token::<Verify>(&use_link_token(|| None), (Route::Login, "Sign in"))
}

#[component]
fn Verify(props: &LinkPageProps) -> Html {
    let client = use_client();
    // The result is `None` if a password is needed first.
    let verify = use_request::<Option<String>>();
    let needs_password = use_state(|| false);
    let is_used_up = is_used_up(verify.failure());
    let verified = verify.data().and_then(Option::as_ref);
    let title = match (verified, is_used_up) {
        (Some(_), _) => "Your address is verified",
        (None, true) => "That did not work",
        (None, false) if *needs_password => "Choose your password",
        (None, false) => "Verify your e-mail address",
    };
    use_document_title(title, Focus::Untouched);
    let on_verify = {
        let context = (client.clone(), props.token.to_string(), needs_password.setter());
        verify.callback(&context, |(client, token, needs_password), password: Option<String>| async move {
            let is_first = password.is_none();
            let email = match send(registration::verify_email(token, password)).await {
                Err(failure) if is_first && !messages::field_errors(Some(&failure)).is_empty() => {
                    needs_password.set(true);
                    return Ok(None);
                }
                result => result?.email,
            };
            // Whoever is signed in may have another address now; after a failure that is loaded later.
            let _ = client.me().await;
            Ok(Some(email))
        })
    };

    if let Some(email) = verified {
        let is_signed_in = client.store().read(|state| state.session().is_some());
        return verified_page(title, email, is_signed_in);
    }
    if is_used_up {
        return used_up_page(title, &verify);
    }
    if *needs_password {
        return html! {
            <NarrowLayout
                {title}
                lead="This is not the browser in which the account was registered. To make sure that only you can \
                      sign in, choose your password here. It replaces the one chosen at registration."
            >
                <Form
                    id="verify" fields={vec![FormField::new_password()]} submit="Save password and verify"
                    busy="Verifying…" status={form_status(&verify, messages::not_done)}
                    on_submit={on_verify.reform(|values: Vec<String>| values.into_iter().next())}
                />
            </NarrowLayout>
        };
    }
    html! {
        <NarrowLayout {title} lead="One press shows that the message reached you.">
            { alert(verify.failure()) }
            <ActionButton
                id="verify" class="button primary" label="Verify my e-mail address" is_busy={verify.is_busy()}
                on_press={on_verify.reform(|()| None)}
            />
        </NarrowLayout>
    }
}

fn verified_page(title: &'static str, email: &str, is_signed_in: bool) -> Html {
    let done = html! { <LiveRegion id="verified" text={format!("{email} is verified.")} /> };
    if is_signed_in {
        html! {
            <NarrowLayout {title}>
                { done }
                <NavLink to={Route::Home} class="button primary">{ "Go on" }</NavLink>
            </NarrowLayout>
        }
    } else {
        html! {
            <NarrowLayout {title} lead="Sign in with it to go on.">
                { done }
                <NavLink to={Route::Login} class="button primary">{ "Sign in" }</NavLink>
            </NarrowLayout>
        }
    }
}

fn used_up_page(title: &'static str, verify: &RequestHandle<Option<String>>) -> Html {
    html! {
        <NarrowLayout {title}>
            { alert(verify.failure()) }
            <p>{ "If you have verified the address already, just sign in. If not, register again." }</p>
            <div class="stack">
                <NavLink to={Route::Login} class="button primary">{ "Sign in" }</NavLink>
                <NavLink to={Route::Register} class="button">{ "Register again" }</NavLink>
            </div>
        </NarrowLayout>
    }
}

fn alert(failure: Option<&Failure>) -> Html {
    html! { <LiveRegion id="verify-alert" is_alert=true text={failure.map(messages::not_done)} /> }
}
