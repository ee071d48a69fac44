//! A policy that is being edited: the choice, what is typed, and the resulting override. Pure.

use curfew_shared::{
    error::{FieldCode, FieldError},
    policy::{PolicyOverride, resolve, validate},
    security::{PolicyView, Preset, PresetName},
};

use crate::ui::duration_text::minutes_in_words;

/// The choice, and what is typed for Custom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub choice: PresetName,
    /// The idle minutes as typed.
    pub idle: String,
    /// The absolute minutes as typed.
    pub absolute: String,
}

impl Draft {
    /// The draft for the policy as it is. Custom limits begin with the effective ones.
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

    /// The draft that would save `set`.
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

    /// The value of the input for the idle minutes, or for the absolute ones: the preset's while one is chosen.
    pub fn displayed(&self, policy: &PolicyView, is_idle: bool) -> String {
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

    /// The override to save, or the errors of what is typed.
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
            // The other is checked against its own bounds alone.
            errors.retain(|error| error.code != FieldCode::ExceedsAbsolute);
            errors.extend(malformed);
            return Err(errors);
        }
        for error in errors.iter_mut().filter(|error| error.code == FieldCode::ExceedsAbsolute) {
            if let (None, default) = (idle_minutes, policy.default.idle_minutes) {
                // The error belongs to the input with a value, not to the empty one.
                let message = format!("At least {default} minutes, the default for the time without use.");
                *error = FieldError::new("absolute_minutes", error.code, message).with_limit(default.into());
            }
        }
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }
}

/// A typed number of minutes; an empty input sets nothing.
pub(super) fn parse(text: &str) -> Result<Option<u32>, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    // A number that is too large for the type is out of bounds anyway.
    Ok(Some(text.parse().unwrap_or(u32::MAX)))
}

/// The error's message, with its bound as a duration that is easy to read.
pub(super) fn error_text(error: &FieldError) -> String {
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
        assert_eq!(draft.displayed(&policy, true), "10080");
        assert_eq!(draft.displayed(&policy, false), "43200");
        assert_eq!(draft.check(&policy), Ok(PolicyOverride::STANDARD));
        assert_eq!(custom("61", "nonsense").displayed(&policy, false), "nonsense");
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
            errors.iter().map(error_text).collect::<Vec<_>>()
        };
        assert_eq!(said("1", "240"), ["At least 15 minutes."]);
        assert_eq!(
            said("", "60"),
            ["At least 4320 minutes, the default for the time without use. That is 3 days."]
        );
        assert_eq!(said("99999", "240"), ["At most 43200 minutes. That is 30 days."]);
    }
}
