//! A policy as it is being edited: what is chosen and typed, and what that comes to. Pure.

use curfew_shared::{
    error::{FieldCode, FieldError},
    policy::{PolicyOverride, resolve, validate},
    security::{PolicyView, Preset, PresetName},
};

use crate::length::minutes_in_words;

/// What is chosen, and what is typed for Custom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The chosen preset.
    pub choice: PresetName,
    /// What is typed for the idle window.
    pub idle: String,
    /// What is typed for the absolute window.
    pub absolute: String,
}

impl Draft {
    /// The draft that says what `policy` says. Own numbers begin with those in force.
    #[must_use]
    pub fn of(policy: &PolicyView) -> Self {
        let set = match policy.preset {
            PresetName::Custom => policy.set,
            PresetName::Strict | PresetName::Standard => PolicyOverride {
                idle_minutes: Some(policy.effective.idle_minutes),
                absolute_minutes: Some(policy.effective.absolute_minutes),
            },
        };
        Self::new(policy.preset, set)
    }

    /// The draft that would set `set`.
    #[must_use]
    pub fn setting(set: PolicyOverride, policy: &PolicyView) -> Self {
        match policy.presets.iter().find(|preset| preset.sets() == set) {
            Some(preset) => Self { choice: preset.name, ..Self::of(policy) },
            None => Self::new(PresetName::Custom, set),
        }
    }

    fn new(choice: PresetName, set: PolicyOverride) -> Self {
        Self { choice, idle: text(set.idle_minutes), absolute: text(set.absolute_minutes) }
    }

    /// What the input for the idle window, or for the absolute one, shows: a preset's own number
    /// while that is chosen.
    #[must_use]
    pub fn shown(&self, policy: &PolicyView, is_idle: bool) -> String {
        match preset(policy, self.choice) {
            Some(preset) => {
                let effective = resolve(preset.sets(), policy.default);
                let minutes = if is_idle { effective.idle_minutes } else { effective.absolute_minutes };
                minutes.to_string()
            }
            None if is_idle => self.idle.clone(),
            None => self.absolute.clone(),
        }
    }

    /// What is to be set.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, policy: &PolicyView) -> Result<PolicyOverride, Vec<FieldError>> {
        if let Some(preset) = preset(policy, self.choice) {
            return Ok(preset.sets());
        }
        let (idle, absolute) = (parse(&self.idle), parse(&self.absolute));
        let malformed = [("idle_minutes", idle), ("absolute_minutes", absolute)]
            .into_iter()
            .filter(|(_, minutes)| minutes.is_err())
            .map(|(field, _)| {
                FieldError::new(field, FieldCode::Malformed, "Enter a whole number of minutes.")
            });
        let (idle_minutes, absolute_minutes) = (idle.unwrap_or_default(), absolute.unwrap_or_default());
        let set = PolicyOverride { idle_minutes, absolute_minutes };
        let mut errors = validate(set, policy.default, policy.bounds);
        if idle.is_err() || absolute.is_err() {
            // The other is held against its own bounds alone.
            errors.retain(|error| error.code != FieldCode::ExceedsAbsolute);
            errors.extend(malformed);
            return Err(errors);
        }
        for error in errors.iter_mut().filter(|error| error.code == FieldCode::ExceedsAbsolute) {
            if let (None, default) = (idle_minutes, policy.default.idle_minutes) {
                // Marked is what was typed, not what was left empty.
                let message = format!("At least {default} minutes, the default for the time without use.");
                *error = FieldError::new("absolute_minutes", error.code, message).with_limit(default.into());
            }
        }
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }
}

/// A typed number of minutes; nothing typed is nothing set.
pub(super) fn parse(text: &str) -> Result<Option<u32>, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    // What no policy can hold is out of every bounds.
    Ok(Some(text.parse().unwrap_or(u32::MAX)))
}

/// What the error says, with its bound in a form that nobody has to calculate.
pub(super) fn in_words(error: &FieldError) -> String {
    match error.limit.and_then(|limit| u32::try_from(limit).ok()) {
        Some(limit) if limit >= 60 => format!("{} That is {}.", error.message, minutes_in_words(limit)),
        _ => error.message.clone(),
    }
}

fn preset(policy: &PolicyView, name: PresetName) -> Option<&Preset> {
    policy.presets.iter().find(|preset| preset.name == name)
}

fn text(minutes: Option<u32>) -> String {
    minutes.map(|minutes| minutes.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::test;
    use curfew_shared::policy::{Bounds, Policy};

    use super::*;

    fn policy(set: PolicyOverride, preset: PresetName) -> PolicyView {
        let named = [
            (PresetName::Strict, PolicyOverride::default()),
            (PresetName::Standard, PolicyOverride::STANDARD),
        ];
        PolicyView {
            set,
            effective: resolve(set, Policy::STRICT),
            default: Policy::STRICT,
            bounds: Bounds::WIDEST,
            presets: named
                .into_iter()
                .map(|(name, PolicyOverride { idle_minutes, absolute_minutes })| Preset {
                    name,
                    idle_minutes,
                    absolute_minutes,
                })
                .collect(),
            preset,
        }
    }

    fn custom(idle: &str, absolute: &str) -> Draft {
        Draft { choice: PresetName::Custom, idle: idle.into(), absolute: absolute.into() }
    }

    #[test]
    fn a_draft_says_what_the_policy_says() {
        let strict = policy(PolicyOverride::default(), PresetName::Strict);
        let draft = Draft::of(&strict);
        assert_eq!((draft.idle.as_str(), draft.absolute.as_str()), ("4320", "20160"));
        assert_eq!(draft.check(&strict), Ok(PolicyOverride::default()));
        let partial = PolicyOverride { idle_minutes: Some(60), absolute_minutes: None };
        let own = policy(partial, PresetName::Custom);
        let draft = Draft::of(&own);
        assert_eq!((draft.idle.as_str(), draft.absolute.as_str()), ("60", ""));
        assert_eq!(draft.check(&own), Ok(partial));
    }

    #[test]
    fn a_draft_can_be_had_from_what_it_would_set() {
        let strict = policy(PolicyOverride::default(), PresetName::Strict);
        let own = PolicyOverride { idle_minutes: Some(60), absolute_minutes: None };
        for set in [PolicyOverride::default(), PolicyOverride::STANDARD, own] {
            assert_eq!(Draft::setting(set, &strict).check(&strict), Ok(set));
        }
        assert_eq!(Draft::setting(PolicyOverride::STANDARD, &strict).choice, PresetName::Standard);
        assert_eq!(Draft::setting(own, &strict), custom("60", ""));
    }

    #[test]
    fn a_preset_shows_its_numbers_and_leaves_what_was_typed() {
        let policy = policy(PolicyOverride::default(), PresetName::Strict);
        let draft = Draft { choice: PresetName::Standard, ..custom("61", "nonsense") };
        assert_eq!(draft.shown(&policy, true), "10080");
        assert_eq!(draft.shown(&policy, false), "43200");
        assert_eq!(draft.check(&policy), Ok(PolicyOverride::STANDARD));
        assert_eq!(custom("61", "nonsense").shown(&policy, false), "nonsense");
    }

    #[test]
    fn what_is_typed_is_judged_like_on_the_server() {
        use FieldCode::{ExceedsAbsolute, Malformed, TooLarge, TooSmall};
        let policy = policy(PolicyOverride::default(), PresetName::Strict);
        let faults = |idle, absolute| -> Vec<(String, FieldCode)> {
            let errors = custom(idle, absolute).check(&policy).err().unwrap_or_default();
            errors.into_iter().map(|error| (error.field, error.code)).collect()
        };
        let (idle, absolute) = ("idle_minutes".to_owned(), "absolute_minutes".to_owned());
        assert_eq!(faults(" 60 ", "240"), []);
        assert_eq!(faults("", ""), []);
        assert_eq!(faults("14", "240"), [(idle.clone(), TooSmall)]);
        assert_eq!(faults("60", "99999999999"), [(absolute.clone(), TooLarge)]);
        assert_eq!(faults("-1", "4.5"), [(idle.clone(), Malformed), (absolute.clone(), Malformed)]);
        assert_eq!(faults("43200", ""), [(idle, ExceedsAbsolute)], "a partial override");
        assert_eq!(faults("", "4319"), [(absolute, ExceedsAbsolute)], "the other is empty");
    }

    #[test]
    fn a_bound_needs_no_calculating() {
        let policy = policy(PolicyOverride::default(), PresetName::Strict);
        let said = |idle, absolute| {
            let errors = custom(idle, absolute).check(&policy).err().unwrap_or_default();
            errors.iter().map(in_words).collect::<Vec<_>>()
        };
        assert_eq!(said("1", "240"), ["At least 15 minutes."]);
        assert_eq!(
            said("", "60"),
            ["At least 4320 minutes, the default for the time without use. That is 3 days."]
        );
        assert_eq!(said("99999", "240"), ["At most 43200 minutes. That is 30 days."]);
    }
}
