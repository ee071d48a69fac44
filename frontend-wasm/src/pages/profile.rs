//! One's own name, address, password and providers.

use std::convert::Infallible;

use curfew_shared::{
    id::IdentityId,
    oauth::{Identity, IdentityList, OauthPurpose, Provider},
    person::{ChangePasswordRequest, ChangePasswordResponse},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{
    NEXT, alert, done_or_gone, leaving::Leave, link, list_end, status, words, work_button, work_form,
};
use crate::{
    api::{people, send},
    browser::{page, storage},
    components::{ConfirmModal, Entry, EntryFormProps, email_address, past_moment, provider_buttons},
    hooks::{Focus, Page, use_client, use_page, use_pages, use_server_now, use_toasts, use_work},
    length::counted,
    route::Route,
    store::auth::Session,
};

const SAVE: (&str, &str) = ("Save the name", "Saving…");

/// What one may change about oneself.
#[component]
pub fn Profile() -> Html {
    use_page("Profile", Focus::Untouched);
    html! {
        <div class="settings">
            { link(Route::Account, "back", "‹ Account".into()) }
            <h1 tabindex="-1">{ "Profile" }</h1>
            <Name />
            <Email />
            <Password />
            <Providers />
            <Leave />
        </div>
    }
}

#[component]
fn Name() -> Html {
    let client = use_client();
    let initial =
        client.store().read(|state| state.session().map(|it| it.user.name.clone())).unwrap_or_default();
    let work = use_work::<()>();
    let on_submit = {
        let work = work.clone();
        Callback::from(move |values: Vec<String>| {
            let client = client.clone();
            let name = values.into_iter().next().unwrap_or_default();
            work.run(async move {
                client.ask(people::rename(name)).await?;
                // The store learns it now; without an answer it does so later.
                let _ = client.me().await;
                Ok(())
            });
        })
    };
    let entry = Entry {
        id: "profile_name",
        initial: initial.into(),
        ..Entry::text("name", "Your name", "name", "Enter your name.")
    };
    let form = EntryFormProps::new("rename", vec![entry], SAVE, on_submit);
    html! {
        <section class="card" aria-labelledby="name-title">
            <h2 id="name-title">{ "Name" }</h2>
            { work_form("", &work, words::not_saved, form) }
            { status("rename-done", work.done().map(|()| "Saved.".into())) }
        </section>
    }
}

#[component]
fn Email() -> Html {
    let client = use_client();
    let present =
        client.store().read(|state| state.session().map(|it| it.user.email.clone())).unwrap_or_default();
    let work = use_work::<String>();
    let on_submit = {
        let work = work.clone();
        Callback::from(move |values: Vec<String>| {
            let client = client.clone();
            let email = values.into_iter().next().unwrap_or_default().trim().to_owned();
            work.run(async move { client.ask(people::change_email(email.clone())).await.map(|()| email) });
        })
    };
    let entry =
        Entry { id: "new_email", label: "New e-mail address", autocomplete: "email", ..Entry::email() };
    let submit = ("Send a message to the new address", "Sending…");
    let form = EntryFormProps::new("change-email", vec![entry], submit, on_submit);
    html! {
        <section class="card" aria-labelledby="email-title">
            <h2 id="email-title">{ "E-mail address" }</h2>
            <p>{ "You sign in with " }<strong id="present-email">{ email_address(&present) }</strong>{ "." }</p>
            { work_form("", &work, words::not_done, form) }
            { status("change-email-done", work.done().map(|email| {
                format!("A message is on its way to {email}. Until the link in it is opened, your address stays {present}.")
            })) }
        </section>
    }
}

#[component]
fn Password() -> Html {
    let client = use_client();
    let work = use_work::<ChangePasswordResponse>();
    // A form anew after each change, so that no password stands in it.
    let user = client.store().read(|state| state.session().map(|session| session.user.clone()));
    let has_password = user.as_ref().is_some_and(|user| user.has_password);
    let username = user.map(|user| AttrValue::from(user.email));
    use_effect_with(work.done().is_some(), |is_done| {
        if *is_done {
            page::give_lost_focus_to(page::find("#password-title").as_ref());
        }
    });
    let on_submit = {
        let work = work.clone();
        Callback::from(move |values: Vec<String>| {
            let mut values = values.into_iter();
            let current_password = if has_password { values.next() } else { None };
            let new_password = values.next().unwrap_or_default();
            let client = client.clone();
            work.run(async move {
                let request = ChangePasswordRequest { current_password, new_password };
                let changed = client.ask(people::change_password(&request)).await?;
                // The store learns that there is a password now; without an answer it does so later.
                let _ = client.me().await;
                Ok(changed)
            });
        })
    };
    let current = Entry {
        id: "current_password",
        name: "current_password",
        label: "Present password",
        missing: "Enter the password that you have now.",
        ..Entry::password()
    };
    let new =
        Entry { id: "new_password", name: "new_password", label: "New password", ..Entry::new_password() };
    let entries = if has_password { vec![current, new] } else { vec![new] };
    let submit = (if has_password { "Change the password" } else { "Set a password" }, "Saving…");
    let form =
        EntryFormProps { username, ..EntryFormProps::new("change-password", entries, submit, on_submit) };
    html! {
        <section class="card" aria-labelledby="password-title">
            <h2 id="password-title" tabindex="-1">{ "Password" }</h2>
            <p class="hint">{ "Changing it signs you out on every other device. You stay signed in here." }</p>
            if work.done().is_none() {
                { work_form(&has_password.to_string(), &work, words::not_done, form) }
            }
            { status("change-password-done", work.done().map(|changed| {
                let others = match changed.revoked_count {
                    0 => "You were signed in nowhere else.".to_owned(),
                    ended => format!("{} ended.", counted(ended, "other session")),
                };
                format!("Your new password is set. {others}")
            })) }
            if let Some(changed) = work.done() {
                if changed.identity_count > 0 {
                    <p id="still-linked">
                        { format!(
                            "You can still sign in with {}. Unlink below what you did not set up.",
                            counted(changed.identity_count, "linked account"),
                        ) }
                    </p>
                }
                if changed.invite_count > 0 {
                    <p id="still-invited">
                        { format!("{} of yours can still be accepted. ", counted(changed.invite_count, "invitation")) }
                        { link(Route::Members, "", "Review invitations".into()) }
                    </p>
                }
            }
        </section>
    }
}

const LAST: &str = "This is your only way to sign in. It can be unlinked once you have set a password or linked another provider.";

impl Page for IdentityList {
    type Item = Identity;
    type Cursor = Infallible;

    fn items(&self) -> &[Identity] {
        &self.identities
    }

    fn next(&self) -> Option<Infallible> {
        None
    }
}

#[component]
fn Providers() -> Html {
    let client = use_client();
    let list = use_pages::<IdentityList>("identities", "#providers-title", |_| people::identities());
    let toasts = use_toasts();
    let offered = use_state(Vec::<Provider>::new);
    let leaving = use_work::<()>();
    let unlinking = use_work::<()>();
    let asked = use_state(|| None::<IdentityId>);
    let now = use_server_now(30);
    {
        let offered = offered.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                if let Ok(ways) = send(people::providers()).await {
                    offered.set(ways.providers);
                }
            });
        });
    }
    let on_link = {
        let (client, leaving) = (client.clone(), leaving.clone());
        Callback::from(move |provider: String| {
            let client = client.clone();
            storage::keep_in_tab(NEXT, curfew_shared::route::page::PROFILE);
            leaving.run(async move { client.go_to_provider(&provider, OauthPurpose::Link, None).await });
        })
    };
    let on_cancel = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(None))
    };
    let on_confirm = {
        let (client, unlinking, asked) = (client.clone(), unlinking.clone(), asked.clone());
        let list = list.clone();
        Callback::from(move |()| {
            let Some(id) = *asked else { return };
            let (client, closing) = (client.clone(), asked.setter());
            let (list, toasts) = (list.clone(), toasts.clone());
            unlinking.run(async move {
                done_or_gone(client.ask(people::unlink(id)).await)?;
                closing.set(None);
                toasts.say("Unlinked. You can no longer sign in with it.");
                list.reload();
                Ok(())
            });
        })
    };
    let identities = list.first().map(|list| list.identities.clone()).unwrap_or_default();
    if offered.is_empty() && identities.is_empty() && list.failure().is_none() {
        return Html::default();
    }
    let is_last = identities.len() == 1 && list.first().is_some_and(|list| !list.has_password);
    let body = if is_last { LAST } else { "You can no longer sign in with it. Your sessions go on." };
    let named = |name: &str| {
        let provider = offered.iter().find(|provider| provider.name == name);
        provider.map_or_else(|| name.to_owned(), |provider| provider.display_name.clone())
    };
    html! {
        <section class="card" aria-labelledby="providers-title">
            <h2 id="providers-title" tabindex="-1">{ "Other ways to sign in" }</h2>
            if !identities.is_empty() {
                <ul id="identities" class="entries">
                    { for identities.iter().map(|identity| {
                        let id = identity.id;
                        let name = named(&identity.provider);
                        let on_ask = {
                            let (asked, unlinking) = (asked.setter(), unlinking.clone());
                            move |_: MouseEvent| {
                                unlinking.reset();
                                asked.set(Some(id));
                            }
                        };
                        html! {
                            <li key={id.to_string()} data-id={id.to_string()} tabindex="-1">
                                <span class="who">
                                    <span class="name">{ &name }</span>
                                    <span class="detail">{ email_address(identity.email.as_deref().unwrap_or_default()) }</span>
                                    <span class="detail">
                                        { "Linked " }{ past_moment(identity.linked_at, now) }
                                    </span>
                                </span>
                                <button
                                    type="button" class="button small" aria-label={format!("Unlink {name}")} onclick={on_ask}
                                    aria-describedby={is_last.then_some("unlink-last")}
                                >
                                    { "Unlink" }
                                </button>
                            </li>
                        }
                    }) }
                </ul>
            }
            if is_last {
                <p id="unlink-last" class="hint">{ LAST }</p>
            }
            { list_end("identities", "identities-more", &list) }
            { alert("link-alert", leaving.failure().map(words::not_done)) }
            { provider_buttons(&offered, "Link", leaving.is_busy(), &on_link) }
            <ConfirmModal
                id="unlink" is_open={asked.is_some()} title="Unlink this way to sign in?" {body}
                confirm="Unlink it" busy="Unlinking…" is_busy={unlinking.is_busy()}
                error={unlinking.failure().map(words::not_done).map(AttrValue::from)} {on_confirm}
                {on_cancel}
            />
        </section>
    }
}

/// The account's name, for its owners to change.
#[component]
pub(super) fn AccountName() -> Html {
    let client = use_client();
    let work = use_work::<()>();
    let is_open = use_state(|| false);
    let name = client.store().read(|state| state.session().map(|it: &Session| it.account.name.clone()));
    let on_submit = {
        let (client, work, is_open) = (client.clone(), work.clone(), is_open.setter());
        Callback::from(move |values: Vec<String>| {
            let (client, is_open) = (client.clone(), is_open.clone());
            work.run(async move {
                client.ask(people::rename_account(values.into_iter().next().unwrap_or_default())).await?;
                let _ = client.me().await;
                is_open.set(false);
                Ok(())
            });
        })
    };
    let on_open = {
        let (is_open, work) = (is_open.setter(), work.clone());
        Callback::from(move |()| {
            work.reset();
            is_open.set(true);
        })
    };
    let is_saved = work.done().is_some();
    use_effect_with(*is_open, move |is_open| {
        if *is_open {
            page::focus("#account_name");
        } else if is_saved {
            page::give_lost_focus_to(page::find("#rename-account-open").as_ref());
        }
    });
    let entry = Entry {
        id: "account_name",
        initial: name.unwrap_or_default().into(),
        ..Entry::text("name", "Name of the account", "organization", "Enter a name.")
    };
    let form = EntryFormProps::new("rename-account", vec![entry], SAVE, on_submit);
    html! {
        <>
            if *is_open {
                { work_form("", &work, words::not_saved, form) }
            } else {
                { work_button("rename-account-open", "button small", "Change the account’s name", false, &on_open) }
            }
            { status("rename-account-done", work.done().filter(|()| !*is_open).map(|()| "Saved.".into())) }
        </>
    }
}
