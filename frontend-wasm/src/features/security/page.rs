//! Session security, for owners: the policy, who is signed in, and signing people out.

use curfew_shared::security::RevokeScope;
use yew::prelude::*;

use super::{
    active_users::{ActiveUsers, others},
    policy_form::PolicyForm,
    revoke_sessions_modal::RevokeSessionsModal,
    use_active_users::{ActiveUsersHandle, use_active_users},
    use_policy_save::use_policy_save,
};
use crate::{
    api::{security, use_request::use_request},
    browser::dom,
    features::{
        messages,
        nav_link::NavLink,
        use_confirmation::{Confirmation, use_confirmation},
    },
    route::Route,
    session::{use_client::use_client, use_server_now::use_server_now},
    ui::{
        duration_text::counted,
        icon::{Icon, icon},
        loading::Loading,
        use_document_title::{Focus, use_document_title},
        use_on_visible::use_on_visible,
        use_toasts::{FAREWELL_MS, use_toasts},
    },
};

/// The policy, who is signed in, and signing people out.
#[component]
pub fn Security() -> Html {
    use_document_title("Session security", Focus::Untouched);
    let client = use_client();
    let load = use_request::<()>();
    let policy = use_policy_save();
    let active = use_active_users();
    let revoking = use_confirmation::<RevokeScope>();
    let now = use_server_now(30);
    let on_confirm = use_revoke(&revoking, &active);
    let on_load = {
        let context = (client, policy.clone(), active.clone());
        load.callback(&context, |(client, policy, active), ()| async move {
            let settings = client.send(security::security()).await?;
            policy.loaded(settings.policy.clone());
            active.loaded(settings);
            Ok(())
        })
    };
    {
        let on_load = on_load.clone();
        use_effect_with((), move |()| on_load.emit(()));
    }
    {
        let active = active.clone();
        use_on_visible(Callback::from(move |()| active.recount()));
    }
    let on_revoke = {
        let (revoking, active) = (revoking.clone(), active.clone());
        Callback::from(move |scope| {
            revoking.ask(scope);
            active.recount();
        })
    };
    let on_save = {
        let policy = policy.clone();
        Callback::from(move |set| policy.save(set))
    };
    // Once everyone is signed out, there is nothing more to do.
    let is_locked = !revoking.is_open() && revoking.is_busy();

    html! {
        <div class="settings" id="security" aria-busy={load.is_busy().then_some("true")}>
            <NavLink to={Route::Account} class="back">{ "‹ Account" }</NavLink>
            <div class="title">{ icon(Icon::SHIELD) }<h1 tabindex="-1">{ "Session security" }</h1></div>
            <p class="lead">
                { "Decide how long people of your account stay signed in, see who is signed in now, and end their \
                   sessions where you have to." }
            </p>
            <Loading
                name="security" is_busy={load.is_busy()} failure={load.failure().map(messages::not_loaded)}
                on_retry={on_load}
            />
            if let Some((view, active)) = policy.policy().zip(active.get()) {
                <section id="policy-card" class="card" aria-labelledby="policy-title">
                    <h2 id="policy-title">{ "Policy" }</h2>
                    <p class="lead">
                        { "A session ends when nobody has used it for a while, and whatever is not saved by then is \
                           lost; five minutes before, the page warns. Using Curfew starts that time anew. Nothing \
                           extends the longest time. A change applies from each person’s next sign-in." }
                    </p>
                    <PolicyForm
                        policy={view.clone()} is_busy={policy.is_busy()} saves={policy.saves()}
                        alert={policy.alert()} errors={policy.errors()} draft={policy.draft()} {on_save}
                    />
                </section>
                <section id="sessions-card" class="card" aria-labelledby="sessions-title">
                    <h2 id="sessions-title" tabindex="-1">{ "Active sessions" }</h2>
                    <ActiveUsers users={active.users.clone()} count={active.count} {now} {is_locked} {on_revoke} />
                </section>
                <RevokeSessionsModal
                    scope={revoking.subject().copied().filter(|_| revoking.is_open())}
                    others={others(active.count, &active.users)} is_busy={revoking.is_busy()}
                    error={revoking.failure().map(messages::not_revoked)} {on_confirm}
                    on_cancel={revoking.on_cancel()}
                />
            }
        </div>
    }
}

/// A callback that ends the sessions once that is confirmed.
#[hook]
fn use_revoke(revoking: &Confirmation<RevokeScope>, active: &ActiveUsersHandle) -> Callback<()> {
    let client = use_client();
    let toasts = use_toasts();
    let is_done = use_mut_ref(|| false);
    {
        let is_done = is_done.clone();
        use_effect(move || {
            // The button that was pressed is gone with the people it was about.
            if is_done.replace(false) {
                dom::restore_focus(dom::find("#sessions-title").as_ref());
            }
        });
    }
    let context = (client, toasts, active.clone(), revoking.clone(), is_done);
    revoking.on_confirm(&context, |(client, toasts, active, revoking, is_done), scope| async move {
        let count = client.send(security::revoke_sessions(scope)).await?.revoked_count;
        revoking.close();
        // The page may be cleared soon.
        toasts.show_now(match (count, scope) {
            (0, RevokeScope::Others) => "Nobody else was signed in.".to_owned(),
            (0, RevokeScope::All) => "Everyone was signed out already.".to_owned(),
            _ => format!("{} signed out", counted(count, "session")),
        });
        if scope == RevokeScope::All {
            client.sign_out_after(FAREWELL_MS).await;
        } else {
            is_done.replace(true);
            active.others_revoked();
            // Someone may have signed in again meanwhile.
            active.recount();
        }
        Ok(())
    })
}
