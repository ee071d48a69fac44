//! Saving the session policy: what the server has, what was sent, and what is known of its fate.

use std::rc::Rc;

use curfew_shared::{
    error::FieldError,
    policy::PolicyOverride,
    security::{PolicyView, SecurityResponse, UpdatePolicyRequest},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api::{
        failure::{ConnectionProblem, Failure},
        security,
    },
    browser::storage,
    features::messages,
    session::{client::Client, use_client::use_client},
};

/// Keeps what is being saved while the page is away at a provider for a re-authentication.
const DRAFT_KEY: &str = "curfew.policy";

#[derive(Debug, Clone, PartialEq)]
enum Status {
    Idle,
    Saving(PolicyOverride),
    /// The server refused.
    Failed(Failure),
    /// No clear response: the policy may have been saved.
    Unsure {
        sent: PolicyOverride,
        failure: Failure,
    },
    /// It was not saved, as became clear later.
    Lost,
}

/// The policy and the last attempt to save it.
#[derive(Debug, Clone, PartialEq)]
struct PolicySave {
    /// The policy as the server has it.
    policy: Option<PolicyView>,
    /// How often it was saved.
    saves: u32,
    status: Status,
}

#[derive(Debug)]
enum Action {
    Loaded(PolicyView),
    Save(PolicyOverride),
    /// The response to [`Action::Save`].
    Finish(Result<PolicyView, Failure>),
    /// The server is back and has this policy.
    Checked(PolicyView),
}

impl PolicySave {
    fn next(self, action: Action) -> Self {
        match (action, self.status.clone()) {
            (Action::Loaded(policy), _) => Self { policy: Some(policy), ..self },
            (Action::Save(sent), _) => Self { status: Status::Saving(sent), ..self },
            (Action::Finish(Ok(policy)), _) => self.saved(policy),
            (Action::Finish(Err(failure)), Status::Saving(sent))
                if failure.connection_problem().is_some() =>
            {
                Self { status: Status::Unsure { sent, failure }, ..self }
            }
            (Action::Finish(Err(failure)), _) => Self { status: Status::Failed(failure), ..self },
            (Action::Checked(policy), Status::Unsure { sent, .. }) if policy.set == sent => {
                self.saved(policy)
            }
            (Action::Checked(policy), Status::Unsure { .. }) => {
                Self { policy: Some(policy), status: Status::Lost, ..self }
            }
            // It is being saved again.
            (Action::Checked(_), _) => self,
        }
    }

    fn saved(self, policy: PolicyView) -> Self {
        Self { policy: Some(policy), saves: self.saves + 1, status: Status::Idle }
    }

    fn alert(&self) -> Option<String> {
        match &self.status {
            Status::Idle | Status::Saving(_) => None,
            Status::Failed(failure) => Some(messages::not_saved(failure)),
            Status::Unsure { failure, .. } => Some(not_sure(failure).into()),
            Status::Lost => Some("Nothing was saved. Save again.".into()),
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        match &self.status {
            Status::Failed(failure) => messages::field_errors(Some(failure)),
            _ => Vec::new(),
        }
    }
}

impl Reducible for PolicySave {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        Rc::new((*self).clone().next(action))
    }
}

fn not_sure(failure: &Failure) -> &'static str {
    match failure.connection_problem() {
        Some(ConnectionProblem::Offline) => {
            "You’re offline, so it may not have been saved. That will be seen as soon as you are connected again."
        }
        _ => {
            "No clear answer from Curfew, so it may not have been saved. That will be seen as soon as it answers; \
             saving again does no harm."
        }
    }
}

/// The policy, and saving it.
#[derive(Clone)]
pub struct PolicySaveHandle {
    client: Client,
    state: UseReducerHandle<PolicySave>,
    draft: UseStateHandle<Option<PolicyOverride>>,
}

impl PolicySaveHandle {
    /// The policy as the server has it.
    pub fn policy(&self) -> Option<&PolicyView> {
        self.state.policy.as_ref()
    }

    /// How often it was saved.
    pub fn saves(&self) -> u32 {
        self.state.saves
    }

    pub fn is_busy(&self) -> bool {
        matches!(self.state.status, Status::Saving(_))
    }

    /// Why it was not saved.
    pub fn alert(&self) -> Option<String> {
        self.state.alert()
    }

    pub fn errors(&self) -> Vec<FieldError> {
        self.state.errors()
    }

    /// What was being saved when the page went away.
    pub fn draft(&self) -> Option<PolicyOverride> {
        *self.draft
    }

    pub fn loaded(&self, policy: PolicyView) {
        self.state.dispatch(Action::Loaded(policy));
    }

    /// Saves, unless it is being saved. Saving twice does no harm.
    pub fn save(&self, policy: PolicyOverride) {
        if self.is_busy() {
            return;
        }
        self.state.dispatch(Action::Save(policy));
        storage::set_in_tab(DRAFT_KEY, &write_draft(policy));
        let (client, state) = (self.client.clone(), self.state.dispatcher());
        spawn_local(async move {
            let request = UpdatePolicyRequest::replace_with(policy);
            let result = client.send(security::update_policy(&request)).await;
            drop(storage::take_from_tab(DRAFT_KEY));
            state.dispatch(Action::Finish(result.map(|response| response.policy)));
        });
    }
}

/// The policy and the last attempt to save it. When the server is back after an attempt without a clear response, asks
/// it whether the policy was saved.
#[hook]
pub fn use_policy_save() -> PolicySaveHandle {
    let client = use_client();
    let state = use_reducer_eq(|| PolicySave { policy: None, saves: 0, status: Status::Idle });
    let draft = use_state(|| storage::take_from_tab(DRAFT_KEY).and_then(|draft| read_draft(&draft)));
    {
        let (client, dispatcher) = (client.clone(), state.dispatcher());
        let is_back = client.store().read(|state| state.outage.is_none());
        let is_unsure = matches!(state.status, Status::Unsure { .. });
        use_effect_with((is_back, is_unsure), move |&(is_back, is_unsure)| {
            if is_back && is_unsure {
                spawn_local(async move {
                    if let Ok(SecurityResponse { policy, .. }) =
                        client.send_passively(security::security()).await
                    {
                        dispatcher.dispatch(Action::Checked(policy));
                    }
                });
            }
        });
    }
    PolicySaveHandle { client, state, draft }
}

fn write_draft(policy: PolicyOverride) -> String {
    let number = |minutes: Option<u32>| minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
    [number(policy.idle_minutes), number(policy.absolute_minutes)].join(",")
}

fn read_draft(draft: &str) -> Option<PolicyOverride> {
    let (idle, absolute) = draft.split_once(',')?;
    Some(PolicyOverride { idle_minutes: idle.parse().ok(), absolute_minutes: absolute.parse().ok() })
}

#[cfg(test)]
mod tests {
    use curfew_shared::{
        error::{ErrorCode, Problem},
        policy::{Bounds, Policy},
        security::PresetName,
    };

    use super::*;
    use crate::test;

    const SENT: PolicyOverride = PolicyOverride { idle_minutes: Some(60), absolute_minutes: Some(240) };

    fn view(set: PolicyOverride) -> PolicyView {
        PolicyView {
            set,
            effective: Policy::STRICT,
            default: Policy::STRICT,
            bounds: Bounds::WIDEST,
            presets: vec![],
            preset: PresetName::Custom,
        }
    }

    fn saving() -> PolicySave {
        let start =
            PolicySave { policy: Some(view(PolicyOverride::default())), saves: 0, status: Status::Idle };
        start.next(Action::Save(SENT))
    }

    #[test]
    fn a_refusal_is_final_and_a_lost_response_is_not() {
        let refused = Failure::Refused {
            problem: Problem::new(ErrorCode::ValidationFailed, vec![]),
            retry_after: None,
        };
        assert_eq!(saving().next(Action::Finish(Err(refused.clone()))).status, Status::Failed(refused));
        let unsure = saving().next(Action::Finish(Err(Failure::Unreachable)));
        assert_eq!(unsure.status, Status::Unsure { sent: SENT, failure: Failure::Unreachable });
    }

    #[test]
    fn what_the_server_has_later_decides_about_a_lost_response() {
        let unsure = saving().next(Action::Finish(Err(Failure::Offline)));
        let saved = unsure.clone().next(Action::Checked(view(SENT)));
        assert_eq!((saved.saves, saved.status), (1, Status::Idle));
        let lost = unsure.clone().next(Action::Checked(view(PolicyOverride::default())));
        assert_eq!((lost.saves, lost.status), (0, Status::Lost));
        let again = unsure.next(Action::Save(SENT)).next(Action::Checked(view(PolicyOverride::default())));
        assert_eq!(again.status, Status::Saving(SENT), "the new attempt decides");
    }

    #[test]
    fn a_draft_is_read_as_it_was_written() {
        for (idle_minutes, absolute_minutes) in
            [(None, None), (Some(60), None), (None, Some(240)), (Some(60), Some(240))]
        {
            let policy = PolicyOverride { idle_minutes, absolute_minutes };
            assert_eq!(read_draft(&write_draft(policy)), Some(policy));
        }
        assert_eq!(read_draft("nonsense"), None);
    }
}
