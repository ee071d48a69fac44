//! Session security, for owners: the policy, who is signed in, and ending sessions.

use std::cell::Cell;

use curfew_shared::{
    policy::PolicyOverride,
    security::{ActiveUser, PolicyView, RevokeScope, SecurityResponse, UpdatePolicyRequest},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{link, load_state, words};
use crate::{
    api::{Failure, account},
    browser::{page, storage},
    components::{ActiveUsers, Icon, PolicyForm, RevokeSessionsModal, icon, others},
    hooks::{Focus, use_client, use_page, use_return, use_server_now, use_toasts, use_work},
    length::counted,
    route::Route,
    store::auth::TroubleKind,
};

/// How long whoever signed everybody out can read so before the page is cleared, in milliseconds.
pub(super) const FAREWELL_MS: u32 = 1_500;

/// Where what is being saved is kept while a provider is asked who it is.
const DRAFT: &str = "curfew.policy";

/// Who is signed in.
#[derive(Clone, PartialEq)]
struct SignedIn {
    users: Vec<ActiveUser>,
    count: u64,
}

/// What is known of the last attempt to save, beside the server's own word.
#[derive(Clone, Copy, PartialEq)]
enum Attempt {
    Told,
    /// No clear answer came: this may have been saved.
    Unsure(PolicyOverride),
    /// It was not, as could be seen later.
    Lost,
}

/// The policy, who is signed in, and ending sessions. For owners.
#[component]
pub fn Security() -> Html {
    use_page("Session security", Focus::Untouched);
    let client = use_client();
    let toasts = use_toasts();
    let now = use_server_now(30);
    let load = use_work::<()>();
    let policy = use_state(|| None::<PolicyView>);
    let signed_in = use_state(|| None::<SignedIn>);
    let saving = use_work::<()>();
    let saves = use_state(|| 0_u32);
    let attempt = use_state(|| Attempt::Told);
    let kept = use_state(|| storage::take_from_tab(DRAFT).and_then(|draft| read(&draft)));
    let asked = use_state(|| None::<RevokeScope>);
    let revoking = use_work::<()>();

    let fetch = {
        let (client, load) = (client.clone(), load.clone());
        let (policy, signed_in) = (policy.setter(), signed_in.setter());
        Callback::from(move |()| {
            let (client, policy, signed_in) = (client.clone(), policy.clone(), signed_in.clone());
            load.run(async move {
                let settings = client.ask(account::security()).await?;
                signed_in.set(Some(SignedIn::of(&settings)));
                policy.set(Some(settings.policy));
                Ok(())
            });
        })
    };
    {
        let fetch = fetch.clone();
        use_effect_with((), move |()| fetch.emit(()));
    }
    // Counts anew. The form stays as it is.
    let counts = use_state(|| Cell::new(0_u32));
    let count = {
        let (client, signed_in) = (client.clone(), signed_in.setter());
        Callback::from(move |()| {
            let (client, signed_in, counts) = (client.clone(), signed_in.clone(), counts.clone());
            let number = counts.get() + 1;
            counts.replace(number);
            spawn_local(async move {
                let answer = client.look_up(account::security()).await;
                // Of two answers only the one to the latest question counts.
                if let Some(settings) = answer.ok().filter(|_| counts.get() == number) {
                    signed_in.set(Some(SignedIn::of(&settings)));
                }
            });
        })
    };
    use_return(count.clone());
    let is_ended = use_state(|| Cell::new(false));
    {
        let is_ended = is_ended.clone();
        use_effect(move || {
            // The button that was pressed is gone with the people it was about.
            if is_ended.replace(false) {
                page::give_lost_focus_to(page::find("#sessions-title").as_ref());
            }
        });
    }

    let on_save = {
        let (client, saving, saves) = (client.clone(), saving.clone(), saves.clone());
        let (policy, attempt) = (policy.setter(), attempt.setter());
        Callback::from(move |set: PolicyOverride| {
            let (client, saves) = (client.clone(), saves.clone());
            let (policy, attempt) = (policy.clone(), attempt.clone());
            attempt.set(Attempt::Told);
            storage::keep_in_tab(DRAFT, &write(set));
            saving.run(async move {
                let request = UpdatePolicyRequest::replace_with(set);
                let answer = client.ask(account::update_policy(&request)).await;
                drop(storage::take_from_tab(DRAFT));
                if answer.as_ref().err().and_then(Failure::trouble).is_some() {
                    attempt.set(Attempt::Unsure(set));
                }
                policy.set(Some(answer?.policy));
                saves.set(*saves + 1);
                Ok(())
            });
        })
    };
    {
        // Whether it was saved can be seen as soon as the server is back.
        let (client, saving, saves) = (client.clone(), saving.clone(), saves.clone());
        let (policy, attempt) = (policy.setter(), attempt.clone());
        let is_back = client.store().read(|state| state.trouble.is_none());
        use_effect_with((is_back, *attempt), move |&(is_back, tried)| {
            let Attempt::Unsure(set) = tried else { return };
            if is_back {
                spawn_local(async move {
                    let Ok(SecurityResponse { policy: found, .. }) =
                        client.look_up(account::security()).await
                    else {
                        return;
                    };
                    if found.set == set {
                        attempt.set(Attempt::Told);
                        saving.reset();
                        saves.set(*saves + 1);
                    } else {
                        attempt.set(Attempt::Lost);
                    }
                    policy.set(Some(found));
                });
            }
        });
    }
    let on_revoke = {
        let (asked, revoking, count) = (asked.setter(), revoking.clone(), count.clone());
        Callback::from(move |scope| {
            revoking.reset();
            asked.set(Some(scope));
            count.emit(());
        })
    };
    let on_cancel = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(None))
    };
    let on_confirm = {
        let (client, toasts, count) = (client.clone(), toasts.clone(), count.clone());
        let (asked, revoking, signed_in) = (asked.clone(), revoking.clone(), signed_in.clone());
        Callback::from(move |()| {
            let Some(scope) = *asked else { return };
            let (client, toasts, count) = (client.clone(), toasts.clone(), count.clone());
            let (closing, signed_in, is_ended) = (asked.setter(), signed_in.clone(), is_ended.clone());
            revoking.run(async move {
                let ended = client.ask(account::revoke_sessions(scope)).await?.revoked_count;
                closing.set(None);
                // The page may be about to go.
                toasts.say_at_once(match (ended, scope) {
                    (0, RevokeScope::Others) => "Nobody else was signed in any more.".to_owned(),
                    (0, RevokeScope::All) => "Everyone was signed out already.".to_owned(),
                    _ => format!("{} signed out", counted(ended, "session")),
                });
                if scope == RevokeScope::All {
                    client.leave(FAREWELL_MS).await;
                } else {
                    is_ended.replace(true);
                    signed_in.set((*signed_in).clone().map(SignedIn::only_the_caller));
                    // Whoever has signed in again meanwhile.
                    count.emit(());
                }
                Ok(())
            });
        })
    };

    let content = policy.as_ref().zip(signed_in.as_ref()).map(|(policy, signed_in)| {
        let SignedIn { users, count } = signed_in;
        // Once everybody is signed out, there is nothing more to do.
        let is_locked = asked.is_none() && revoking.is_busy();
        let alert = saving.failure().map(|failure| AttrValue::from(not_saved(failure, *attempt)));
        html! {
            <>
                <section id="policy-card" class="card" aria-labelledby="policy-title">
                    <h2 id="policy-title">{ "Policy" }</h2>
                    <p class="lead">
                        { "A session ends when nobody has used it for a while, and whatever is not saved by then is \
                           lost; five minutes before, the page warns. Using Curfew starts that time anew. Nothing \
                           extends the longest time. A change applies from each person’s next sign-in." }
                    </p>
                    <PolicyForm
                        policy={policy.clone()} is_busy={saving.is_busy()} saves={*saves} {alert}
                        errors={words::field_errors(saving.failure())} kept={*kept} {on_save}
                    />
                </section>
                <section id="sessions-card" class="card" aria-labelledby="sessions-title">
                    <h2 id="sessions-title" tabindex="-1">{ "Active sessions" }</h2>
                    <ActiveUsers users={users.clone()} count={*count} {now} {is_locked} {on_revoke} />
                </section>
                <RevokeSessionsModal
                    scope={*asked} others={others(*count, users)} is_busy={revoking.is_busy()}
                    error={revoking.failure().map(|failure| AttrValue::from(words::not_revoked(failure)))}
                    {on_confirm} {on_cancel}
                />
            </>
        }
    });
    html! {
        <div class="settings" id="security" aria-busy={load.is_busy().then_some("true")}>
            { link(Route::Account, "back", "‹ Account".into()) }
            <div class="title">{ icon(Icon::SHIELD) }<h1 tabindex="-1">{ "Session security" }</h1></div>
            <p class="lead">
                { "Decide how long people of your account stay signed in, see who is signed in now, and end their \
                   sessions where you have to." }
            </p>
            { load_state("security", load.is_busy(), load.failure().map(words::not_loaded), &fetch) }
            { content.unwrap_or_default() }
        </div>
    }
}

impl SignedIn {
    fn of(settings: &SecurityResponse) -> Self {
        Self { users: settings.active_users.clone(), count: settings.active_user_count }
    }

    fn only_the_caller(mut self) -> Self {
        self.users.retain(|user| user.is_caller);
        Self { count: 1, ..self }
    }
}

/// Why the policy was not saved, as far as that is known. Saving it twice does no harm.
fn not_saved(failure: &Failure, attempt: Attempt) -> String {
    match (attempt, failure.trouble()) {
        (Attempt::Lost, _) => "Nothing was saved. Save again.".into(),
        (_, None) => words::not_saved(failure),
        (_, Some(TroubleKind::Offline)) => {
            "You’re offline, so it may not have been saved. That will be seen as soon as you are connected again."
                .into()
        }
        (_, Some(_)) => {
            "No clear answer from Curfew, so it may not have been saved. That will be seen as soon as it answers; \
             saving again does no harm."
                .into()
        }
    }
}

fn write(set: PolicyOverride) -> String {
    let number = |minutes: Option<u32>| minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
    [number(set.idle_minutes), number(set.absolute_minutes)].join(",")
}

fn read(draft: &str) -> Option<PolicyOverride> {
    let (idle, absolute) = draft.split_once(',')?;
    Some(PolicyOverride { idle_minutes: idle.parse().ok(), absolute_minutes: absolute.parse().ok() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;

    #[test]
    fn what_is_kept_for_later_is_read_as_it_was_written() {
        for (idle_minutes, absolute_minutes) in
            [(None, None), (Some(60), None), (None, Some(240)), (Some(60), Some(240))]
        {
            let set = PolicyOverride { idle_minutes, absolute_minutes };
            assert_eq!(read(&write(set)), Some(set));
        }
        assert_eq!(read("nonsense"), None);
    }
}
