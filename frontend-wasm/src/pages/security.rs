//! Session security, for owners: the policy, who is signed in, and ending sessions.

use chrono::DateTime;
use curfew_shared::{
    error::{ErrorCode, FieldError},
    policy::PolicyOverride,
    security::{RevokeScope, SecurityResponse, UpdatePolicyRequest},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{OwnersOnly, words};
use crate::{
    api::{Client, Failure, account},
    browser::page,
    components::{ActiveUsers, PolicyForm, RevokeSessionsModal, others, shield},
    hooks::{Focus, use_client, use_now, use_page, use_toasts},
    kept::{KeptSetter, use_kept, use_once},
    length::counted,
    part::part,
    route::Route,
};

/// How long whoever signed everybody out can read so before the page is cleared, in milliseconds.
const FAREWELL_MS: u32 = 1_500;

#[derive(Clone, PartialEq, Default)]
enum Load {
    #[default]
    Busy,
    Ready(SecurityResponse),
    Failed(Failure),
    NotOwner,
}

#[derive(Clone, PartialEq, Default)]
enum Work {
    #[default]
    None,
    Busy,
    Failed(Failure),
}

impl Work {
    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::None | Self::Busy => None,
        }
    }
}

/// The policy, who is signed in, and ending sessions. For owners.
#[component]
pub fn Security() -> Html {
    use_page("Session security", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let load = use_kept(Load::default);
    let saving = use_kept(Work::default);
    let saves = use_kept(|| 0_u32);
    let asked = use_kept(|| None::<RevokeScope>);
    let revoking = use_kept(Work::default);
    let is_leaving = use_kept(|| false);
    let device_now = use_now(30);

    let fetch = {
        let (client, load) = (client.clone(), load.setter());
        Callback::from(move |()| {
            let (client, load) = (client.clone(), load.clone());
            load.set(Load::Busy);
            spawn_local(async move { load.set(loaded(&client, client.ask(account::security()).await)) });
        })
    };
    {
        let fetch = fetch.clone();
        use_once(move || fetch.emit(()));
    }
    let is_ended = use_mut_ref(|| false);
    {
        let is_ended = std::rc::Rc::clone(&is_ended);
        use_effect(move || {
            // The button that was pressed is gone with the people it was about.
            if is_ended.replace(false) {
                page::give_lost_focus_to(page::find("#sessions-title").as_ref());
            }
        });
    }

    let on_save = {
        let (client, load, saving, saves) = (client.clone(), load.setter(), saving.setter(), saves.clone());
        Callback::from(move |set: PolicyOverride| {
            let (client, load) = (client.clone(), load.clone());
            let (saving, saves) = (saving.clone(), saves.clone());
            saving.set(Work::Busy);
            spawn_local(async move {
                match client.ask(account::update_policy(&UpdatePolicyRequest::replace_with(set))).await {
                    Ok(settings) => {
                        load.set(Load::Ready(settings));
                        saves.set(*saves + 1);
                        saving.set(Work::None);
                    }
                    Err(failure) => saving.set(Work::Failed(note_role(&client, failure, &load))),
                }
            });
        })
    };
    let on_revoke = {
        let (asked, revoking) = (asked.setter(), revoking.setter());
        Callback::from(move |scope| {
            revoking.set(Work::None);
            asked.set(Some(scope));
        })
    };
    let on_cancel = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(None))
    };
    let on_confirm = {
        let (client, load, toasts) = (client.clone(), load.clone(), toasts.clone());
        let (asked, revoking, is_leaving) = (asked.clone(), revoking.setter(), is_leaving.setter());
        Callback::from(move |()| {
            let Some(scope) = *asked else { return };
            let (client, load, toasts) = (client.clone(), load.clone(), toasts.clone());
            let (asked, revoking, is_leaving) = (asked.clone(), revoking.clone(), is_leaving.clone());
            let is_ended = std::rc::Rc::clone(&is_ended);
            revoking.set(Work::Busy);
            spawn_local(async move {
                let count = match client.ask(account::revoke_sessions(scope)).await {
                    Ok(answer) => answer.revoked_count,
                    Err(failure) => {
                        revoking.set(Work::Failed(note_role(&client, failure, &load.setter())));
                        return;
                    }
                };
                revoking.set(Work::None);
                asked.set(None);
                toasts.say(format!("{} signed out", counted(count, "session")));
                if scope == RevokeScope::All {
                    is_leaving.set(true);
                    client.leave(FAREWELL_MS).await;
                    return;
                }
                is_ended.replace(true);
                let Load::Ready(mut settings) = (*load).clone() else { return };
                settings.active_users.retain(|user| user.is_caller);
                settings.active_user_count = settings.active_users.len() as u64;
                load.set(Load::Ready(settings.clone()));
                // Whoever has signed in again meanwhile. What is being typed into the form stays.
                if let Ok(SecurityResponse { active_users, active_user_count, .. }) =
                    client.ask(account::security()).await
                {
                    load.set(Load::Ready(SecurityResponse { active_users, active_user_count, ..settings }));
                }
            });
        })
    };

    let content = match &*load {
        Load::NotOwner => return part::<OwnersOnly>(""),
        Load::Busy | Load::Failed(_) => Html::default(),
        Load::Ready(settings) => {
            let now = client.store().read(|state| {
                state.session().map_or(DateTime::UNIX_EPOCH, |session| session.now(device_now))
            });
            let (users, count) = (settings.active_users.clone(), settings.active_user_count);
            let errors = saving.failure().map(field_errors).unwrap_or_default();
            html! {
                <>
                    <section id="policy-card" class="card" aria-labelledby="policy-title">
                        <h2 id="policy-title">{ "Policy" }</h2>
                        <p class="lead">
                            { "A session ends when nobody has used it for a while, and whatever is not saved by then is \
                               lost; five minutes before, the page warns. Using Curfew starts that time anew. Nothing \
                               extends the longest time. A change applies from each person's next sign-in." }
                        </p>
                        <PolicyForm
                            policy={settings.policy.clone()} is_busy={*saving == Work::Busy} saves={*saves} {errors}
                            alert={saving.failure().map(|failure| AttrValue::from(words::not_saved(failure)))}
                            {on_save}
                        />
                    </section>
                    <section id="sessions-card" class="card" aria-labelledby="sessions-title">
                        <h2 id="sessions-title" tabindex="-1">{ "Active sessions" }</h2>
                        <ActiveUsers users={users.clone()} {count} {now} is_locked={*is_leaving} {on_revoke} />
                    </section>
                    <RevokeSessionsModal
                        scope={*asked} others={others(count, &users)} is_busy={*revoking == Work::Busy}
                        error={revoking.failure().map(|failure| AttrValue::from(words::not_revoked(failure)))}
                        {on_confirm} {on_cancel}
                    />
                </>
            }
        }
    };
    html! {
        <div class="settings" id="security" aria-busy={(*load == Load::Busy).then_some("true")}>
            <Link<Route> to={Route::Account} classes="back">{ "‹ Account" }</Link<Route>>
            <div class="title">{ shield() }<h1 tabindex="-1">{ "Session security" }</h1></div>
            <p class="lead">
                { "Decide how long people of your account stay signed in, see who is signed in now, and end their \
                   sessions where you have to." }
            </p>
            { load_state(&load, &fetch) }
            { content }
        </div>
    }
}

/// The wait and its failure, each in a region that stands there from the start.
fn load_state(load: &Load, on_retry: &Callback<()>) -> Html {
    let failure = match load {
        Load::Failed(failure) => Some(words::not_loaded(failure)),
        Load::Busy | Load::Ready(_) | Load::NotOwner => None,
    };
    super::load_state("security", *load == Load::Busy, failure, on_retry)
}

fn loaded(client: &Client, answer: Result<SecurityResponse, Failure>) -> Load {
    match answer {
        Ok(settings) => Load::Ready(settings),
        Err(failure) if failure.code() == Some(ErrorCode::OwnerRequired) => {
            ask_for_role(client);
            Load::NotOwner
        }
        Err(failure) => Load::Failed(failure),
    }
}

/// Whoever is no longer an owner sees what others see.
fn note_role(client: &Client, failure: Failure, load: &KeptSetter<Load>) -> Failure {
    if failure.code() == Some(ErrorCode::OwnerRequired) {
        ask_for_role(client);
        load.set(Load::NotOwner);
    }
    failure
}

fn ask_for_role(client: &Client) {
    let client = client.clone();
    spawn_local(async move { drop(client.me().await) });
}

fn field_errors(failure: &Failure) -> Vec<FieldError> {
    match failure {
        Failure::Refused { problem, .. } => {
            let is_shown =
                |error: &&FieldError| ["idle_minutes", "absolute_minutes"].contains(&&*error.field);
            problem.errors.iter().filter(is_shown).cloned().collect()
        }
        _ => Vec::new(),
    }
}
