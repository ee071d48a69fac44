//! An account's security settings: its session policy, who is signed in, and ending sessions in bulk.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    id::UserId,
    policy::{Bounds, Policy, PolicyOverride},
};

/// The security settings, as an owner sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct SecurityResponse {
    /// The session policy.
    pub policy: PolicyView,
    /// Who has at least one live session, newest sign-in first; at most 100.
    pub active_users: Vec<ActiveUser>,
    /// How many there are in all.
    pub active_user_count: u64,
}

/// The session policy from every side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyView {
    /// What the account has set.
    #[serde(rename = "override")]
    pub set: PolicyOverride,
    /// What is in force at the next sign-in.
    pub effective: Policy,
    /// What holds where nothing is set.
    pub default: Policy,
    /// What can be set.
    pub bounds: Bounds,
    /// Overrides with a name.
    pub presets: Vec<Preset>,
    /// The name of what the account has set.
    pub preset: PresetName,
}

/// An override with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preset {
    /// The name.
    pub name: PresetName,
    /// What it sets the idle window to, in minutes.
    pub idle_minutes: Option<u32>,
    /// What it sets the absolute window to, in minutes.
    pub absolute_minutes: Option<u32>,
}

impl Preset {
    /// What it sets.
    #[must_use]
    pub const fn sets(&self) -> PolicyOverride {
        PolicyOverride { idle_minutes: self.idle_minutes, absolute_minutes: self.absolute_minutes }
    }
}

/// The name of a preset, or of having none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PresetName {
    /// The system's default: nothing is set.
    Strict,
    /// 7 days idle, 30 days in all.
    Standard,
    /// Something else.
    Custom,
}

/// A person with at least one live session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActiveUser {
    /// The user's id.
    pub user_id: UserId,
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// When the person last signed in.
    pub last_login_at: DateTime<Utc>,
    /// How many live sessions there are.
    pub session_count: u64,
    /// Whether it is the one who asks.
    pub is_caller: bool,
}

/// A change of the policy. A field that is absent stays; null clears it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields)]
pub struct UpdatePolicyRequest {
    /// The idle window, in minutes.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>, minimum = 15, maximum = 43_200))]
    pub idle_minutes: Option<Option<i64>>,
    /// The absolute window, in minutes.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>, minimum = 60, maximum = 129_600))]
    pub absolute_minutes: Option<Option<i64>>,
}

impl UpdatePolicyRequest {
    /// A change that sets everything to what `set` says.
    #[must_use]
    pub fn replace_with(set: PolicyOverride) -> Self {
        Self {
            idle_minutes: Some(set.idle_minutes.map(Into::into)),
            absolute_minutes: Some(set.absolute_minutes.map(Into::into)),
        }
    }

    /// What `set` becomes. A number that no policy can hold becomes the nearest that one can,
    /// which is out of every bounds too.
    #[must_use]
    pub fn apply(&self, set: PolicyOverride) -> PolicyOverride {
        let minutes = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
        let change = |change: Option<Option<i64>>, old| change.map_or(old, |new| new.map(minutes));
        PolicyOverride {
            idle_minutes: change(self.idle_minutes, set.idle_minutes),
            absolute_minutes: change(self.absolute_minutes, set.absolute_minutes),
        }
    }
}

/// Tells a null from a field that is absent.
#[expect(clippy::option_option, reason = "absent, null and a number are three cases")]
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Whose sessions are to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RevokeScope {
    /// Everybody's, the caller's own included.
    #[default]
    All,
    /// Everybody's but those of the caller.
    Others,
}

/// Ending sessions in bulk. No body is `all`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
#[serde(deny_unknown_fields, default)]
pub struct RevokeSessionsRequest {
    /// Whose.
    pub scope: RevokeScope,
}

/// What ending sessions came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(examples(Self::example)))]
pub struct RevokeSessionsResponse {
    /// How many ended.
    pub revoked_count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_tells_null_from_absent() {
        let set = PolicyOverride { idle_minutes: Some(60), absolute_minutes: Some(240) };
        let applied = |json: &str| {
            let set = serde_json::from_str::<UpdatePolicyRequest>(json).unwrap().apply(set);
            (set.idle_minutes, set.absolute_minutes)
        };
        assert_eq!(applied("{}"), (Some(60), Some(240)));
        assert_eq!(applied(r#"{"idle_minutes": null}"#), (None, Some(240)));
        assert_eq!(applied(r#"{"idle_minutes": 90, "absolute_minutes": null}"#), (Some(90), None));
        assert_eq!(applied(r#"{"idle_minutes": -5}"#), (Some(0), Some(240)));
        assert_eq!(applied(r#"{"idle_minutes": 9223372036854775807}"#), (Some(u32::MAX), Some(240)));
        assert!(serde_json::from_str::<UpdatePolicyRequest>(r#"{"idle": 1}"#).is_err());
        assert!(serde_json::from_str::<UpdatePolicyRequest>(r#"{"idle_minutes": "60"}"#).is_err());
    }

    #[test]
    fn a_change_survives_its_way_through_json() {
        let set = PolicyOverride { idle_minutes: None, absolute_minutes: Some(240) };
        let json = serde_json::to_string(&UpdatePolicyRequest::replace_with(set)).unwrap();
        assert_eq!(json, r#"{"idle_minutes":null,"absolute_minutes":240}"#);
    }
}
