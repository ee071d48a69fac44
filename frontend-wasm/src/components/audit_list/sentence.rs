//! What an entry of the audit trail says, as a sentence for a person. Pure.

use curfew_shared::{
    audit::{AuditEvent, AuditKind, AuditPerson},
    policy::Policy,
};
use serde_json::Value;

use crate::length::{counted, minutes_in_words};

/// The name of a kind, as a choice among kinds.
#[must_use]
pub fn kind_name(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::SignedIn => "Signed in",
        AuditKind::SignInFailed => "Sign-in failed",
        AuditKind::SignedOut => "Signed out",
        AuditKind::SessionExpired => "Session expired",
        AuditKind::ReplayDetected => "Stolen session ended",
        AuditKind::PolicyUpdated => "Session policy changed",
        AuditKind::SessionsRevoked => "Sessions ended by an owner",
        AuditKind::OwnSessionsRevoked => "Own sessions ended",
        AuditKind::SignInDisowned => "Sign-in disowned",
        AuditKind::Reauthenticated => "Identity confirmed",
        AuditKind::PasswordChanged => "Password changed",
        AuditKind::PasswordReset => "Password reset",
        AuditKind::NameChanged => "Name changed",
        AuditKind::EmailChanged => "E-mail address changed",
        AuditKind::IdentityLinked => "Provider linked",
        AuditKind::IdentityUnlinked => "Provider unlinked",
        AuditKind::AccountCreated => "Account created",
        AuditKind::AccountRenamed => "Account renamed",
        AuditKind::AccountClosed => "Account closed",
        AuditKind::InviteCreated => "Invitation sent",
        AuditKind::InviteResent => "Invitation sent again",
        AuditKind::InviteLinkCopied => "Invitation link copied",
        AuditKind::InviteRevoked => "Invitation taken back",
        AuditKind::InviteAccepted => "Invitation accepted",
        AuditKind::MemberRoleChanged => "Role changed",
        AuditKind::MemberDeactivated => "Person deactivated",
        AuditKind::MemberReactivated => "Person reactivated",
        AuditKind::MemberRemoved => "Person removed",
        AuditKind::MemberLeft => "Person left",
        AuditKind::MemberSessionsRevoked => "Person signed out",
        AuditKind::UserCreatedByOperator => "Person added by the operator",
        AuditKind::SessionsRevokedByOperator => "Sessions ended by the operator",
        AuditKind::UserDeactivatedByOperator => "Person deactivated by the operator",
        AuditKind::UserDeletedByOperator => "Person removed by the operator",
        AuditKind::UserReactivatedByOperator => "Person reactivated by the operator",
        AuditKind::PasswordSetByOperator => "Password set by the operator",
    }
}

/// What happened. A payload that is not as expected costs the details, never the sentence.
#[must_use]
pub fn sentence(event: &AuditEvent) -> String {
    let payload = &event.payload;
    let who = event.actor.as_ref().map_or("Somebody", |actor| name(actor, "Somebody who was removed since"));
    let whose = event.subject.as_ref().map_or("somebody", |it| name(it, "somebody who was removed since"));
    let count = payload["revoked_count"].as_u64();
    match event.kind {
        AuditKind::SignedIn => format!("{who} signed in"),
        AuditKind::SignInFailed => format!("A sign-in as {whose} failed"),
        AuditKind::SignedOut => format!("{who} signed out"),
        AuditKind::SessionExpired => match payload["reason"].as_str() {
            Some("idle") => format!("A session of {whose} ended because it was not used"),
            Some("absolute") => format!("A session of {whose} reached its maximum length"),
            _ => format!("A session of {whose} expired"),
        },
        AuditKind::ReplayDetected => {
            format!("A used token of {whose} was shown again, as a thief would; the session was ended")
        }
        AuditKind::PolicyUpdated => policy_change(who, payload),
        AuditKind::SessionsRevoked => {
            let sessions = sessions_of(count);
            match payload["scope"].as_str() {
                Some("others") => format!("{who} signed out everyone else: {sessions} ended"),
                Some("all") => format!("{who} signed out everyone: {sessions} ended"),
                _ => format!("{who} ended {sessions}"),
            }
        }
        AuditKind::OwnSessionsRevoked => format!("{who} ended {} of their own", sessions_of(count)),
        AuditKind::SignInDisowned => {
            format!("{who} said that a sign-in was somebody else’s{}", and_ended(count))
        }
        AuditKind::Reauthenticated => format!("{who} confirmed who they are"),
        AuditKind::PasswordChanged => format!("{who} changed their password{}", and_ended(count)),
        AuditKind::PasswordReset => format!("{who} set a new password by mail{}", and_ended(count)),
        AuditKind::NameChanged => format!("{who} changed their name{}", from_to(payload)),
        AuditKind::EmailChanged => format!("{who} changed their e-mail address{}", from_to(payload)),
        AuditKind::IdentityLinked => format!("{who} linked a sign-in with {}", word(payload, "provider")),
        AuditKind::IdentityUnlinked => format!("{who} unlinked a sign-in with {}", word(payload, "provider")),
        AuditKind::AccountCreated if event.actor.is_none() => "The operator created the account".into(),
        AuditKind::AccountCreated => format!("{who} created the account"),
        AuditKind::AccountRenamed => format!("{who} renamed the account{}", from_to(payload)),
        AuditKind::AccountClosed if event.actor.is_none() => "The operator closed the account".into(),
        AuditKind::AccountClosed => format!("{who} closed the account"),
        AuditKind::InviteCreated => {
            format!("{who} invited {} as {}", word(payload, "email"), word(payload, "role"))
        }
        AuditKind::InviteResent => format!("{who} sent the invitation to {} again", word(payload, "email")),
        AuditKind::InviteLinkCopied => {
            format!("{who} copied the link of the invitation to {}", word(payload, "email"))
        }
        AuditKind::InviteRevoked => format!("{who} took the invitation to {} back", word(payload, "email")),
        AuditKind::InviteAccepted => format!("{who} joined by invitation"),
        AuditKind::MemberRoleChanged => format!("{who} changed the role of {whose}{}", from_to(payload)),
        AuditKind::MemberDeactivated => format!("{who} deactivated {whose}{}", and_ended(count)),
        AuditKind::MemberReactivated => format!("{who} reactivated {whose}"),
        AuditKind::MemberRemoved => {
            format!("{who} removed {}{}", word(payload, "name"), and_ended(count))
        }
        AuditKind::MemberLeft => format!("{} left the account{}", word(payload, "name"), and_ended(count)),
        AuditKind::MemberSessionsRevoked => format!("{who} signed {whose} out{}", and_ended(count)),
        AuditKind::UserCreatedByOperator => {
            format!("The operator added {whose} as {}", word(payload, "role"))
        }
        AuditKind::SessionsRevokedByOperator => match count {
            Some(count) => format!("The operator ended {} of {whose}", counted(count, "session")),
            None => format!("The operator ended sessions of {whose}"),
        },
        AuditKind::UserDeactivatedByOperator => {
            format!("The operator deactivated {whose}{}", and_ended(count))
        }
        AuditKind::UserDeletedByOperator => {
            format!("The operator removed {}{}", word(payload, "name"), and_ended(count))
        }
        AuditKind::UserReactivatedByOperator => format!("The operator reactivated {whose}"),
        AuditKind::PasswordSetByOperator => {
            format!("The operator set a new password for {whose}{}", and_ended(count))
        }
    }
}

fn name<'a>(person: &'a AuditPerson, unknown: &'a str) -> &'a str {
    person.name.as_deref().or(person.email.as_deref()).unwrap_or(unknown)
}

fn sessions_of(count: Option<u64>) -> String {
    count.map_or_else(|| "sessions".into(), |count| counted(count, "session"))
}

fn word<'a>(payload: &'a Value, key: &str) -> &'a str {
    payload[key].as_str().unwrap_or("somebody")
}

fn from_to(payload: &Value) -> String {
    match (payload["old"].as_str(), payload["new"].as_str()) {
        (Some(old), Some(new)) => format!(" from {old} to {new}"),
        _ => String::new(),
    }
}

fn and_ended(count: Option<u64>) -> String {
    count
        .filter(|count| *count > 0)
        .map_or_else(String::new, |count| format!("; {} ended", counted(count, "session")))
}

fn policy_change(who: &str, payload: &Value) -> String {
    let policy = |key: &str| {
        let minutes = |name: &str| u32::try_from(payload[key][name].as_u64()?).ok();
        Some(Policy {
            idle_minutes: minutes("idle_minutes")?,
            absolute_minutes: minutes("absolute_minutes")?,
        })
    };
    let (Some(old), Some(new)) = (policy("effective_old"), policy("effective_new")) else {
        return format!("{who} changed the session policy");
    };
    let change = |what: &str, old: u32, new: u32| {
        (old != new).then(|| format!("{what} {} → {}", minutes_in_words(old), minutes_in_words(new)))
    };
    let changes: Vec<_> = [
        change("idle", old.idle_minutes, new.idle_minutes),
        change("maximum", old.absolute_minutes, new.absolute_minutes),
    ]
    .into_iter()
    .flatten()
    .collect();
    if changes.is_empty() {
        // Set to what the default is, say.
        return format!("{who} changed the session policy; the lengths stay the same");
    }
    format!("{who} changed the session policy: {}", changes.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::test;
    use chrono::DateTime;
    use curfew_shared::id::{AuditEventId, UserId};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));

    fn event(kind: AuditKind, payload: Value) -> AuditEvent {
        AuditEvent {
            id: AuditEventId(Uuid::nil()),
            at: DateTime::UNIX_EPOCH,
            kind,
            actor: Some(AuditPerson { user_id: ADA, name: Some("Ada".into()), email: None }),
            subject: Some(AuditPerson { user_id: BOB, name: Some("Bob".into()), email: None }),
            session_id: None,
            address: None,
            payload,
        }
    }

    #[test]
    fn every_kind_has_its_sentence() {
        use AuditKind::*;
        let of_bob = json!({"user_id": BOB, "revoked_count": 2});
        let of_bobs = |reason| json!({"user_id": BOB, "reason": reason});
        let policy = |idle: u32, absolute: u32| json!({"idle_minutes": idle, "absolute_minutes": absolute});
        let changed = |old, new| json!({"old": {}, "new": {}, "effective_old": old, "effective_new": new});
        for (kind, payload, expected) in [
            (SignedIn, json!({}), "Ada signed in"),
            (SignInFailed, of_bob.clone(), "A sign-in as Bob failed"),
            (SignedOut, json!({}), "Ada signed out"),
            (SessionExpired, of_bobs("idle"), "A session of Bob ended because it was not used"),
            (SessionExpired, of_bobs("absolute"), "A session of Bob reached its maximum length"),
            (
                ReplayDetected,
                of_bob.clone(),
                "A used token of Bob was shown again, as a thief would; the session was ended",
            ),
            (
                PolicyUpdated,
                changed(policy(4_320, 20_160), policy(60, 20_160)),
                "Ada changed the session policy: idle 3 days → 1 hour",
            ),
            (
                PolicyUpdated,
                changed(policy(4_320, 20_160), policy(60, 240)),
                "Ada changed the session policy: idle 3 days → 1 hour, maximum 14 days → 4 hours",
            ),
            (
                PolicyUpdated,
                changed(policy(60, 240), policy(60, 240)),
                "Ada changed the session policy; the lengths stay the same",
            ),
            (
                SessionsRevoked,
                json!({"scope": "others", "revoked_count": 1}),
                "Ada signed out everyone else: 1 session ended",
            ),
            (
                SessionsRevoked,
                json!({"scope": "all", "revoked_count": 12}),
                "Ada signed out everyone: 12 sessions ended",
            ),
            (
                UserCreatedByOperator,
                json!({"user_id": BOB, "role": "viewer"}),
                "The operator added Bob as viewer",
            ),
            (SessionsRevokedByOperator, of_bob.clone(), "The operator ended 2 sessions of Bob"),
            (UserDeactivatedByOperator, of_bob.clone(), "The operator deactivated Bob; 2 sessions ended"),
            (MemberSessionsRevoked, of_bob.clone(), "Ada signed Bob out; 2 sessions ended"),
            (MemberDeactivated, of_bob.clone(), "Ada deactivated Bob; 2 sessions ended"),
            (
                MemberRoleChanged,
                json!({"user_id": BOB, "old": "viewer", "new": "owner"}),
                "Ada changed the role of Bob from viewer to owner",
            ),
            (
                MemberRemoved,
                json!({"user_id": BOB, "name": "Bob", "email": "b@example.com", "revoked_count": 0}),
                "Ada removed Bob",
            ),
            (
                MemberLeft,
                json!({"user_id": BOB, "name": "Bob", "email": "b@example.com", "revoked_count": 2}),
                "Bob left the account; 2 sessions ended",
            ),
            (
                UserDeletedByOperator,
                json!({"user_id": BOB, "name": "Bob", "email": "b@example.com", "revoked_count": 0}),
                "The operator removed Bob",
            ),
            (AccountClosed, json!({"name": "Acme"}), "Ada closed the account"),
            (
                InviteCreated,
                json!({"email": "eve@example.com", "role": "viewer"}),
                "Ada invited eve@example.com as viewer",
            ),
            (
                OwnSessionsRevoked,
                json!({"scope": "one", "revoked_count": 1}),
                "Ada ended 1 session of their own",
            ),
            (PasswordSetByOperator, of_bob, "The operator set a new password for Bob; 2 sessions ended"),
        ] {
            assert_eq!(sentence(&event(kind, payload)), expected);
        }
    }

    #[test]
    fn a_payload_that_is_not_as_expected_still_makes_a_sentence() {
        for kind in AuditKind::ALL {
            for payload in [json!({}), json!(null), json!({"user_id": 1, "revoked_count": "x", "reason": []})]
            {
                let said = sentence(&event(*kind, payload));
                assert!(said.contains(' ') && !said.contains("null"), "{kind}: {said}");
            }
            assert!(!kind_name(*kind).is_empty());
        }
    }

    #[test]
    fn whoever_is_unknown_is_told_of_without_a_name() {
        let mut event = event(AuditKind::SignedIn, json!({}));
        event.actor = Some(AuditPerson { user_id: ADA, name: None, email: None });
        assert_eq!(sentence(&event), "Somebody who was removed since signed in");
        event.kind = AuditKind::SignInFailed;
        event.subject = Some(AuditPerson { user_id: BOB, name: None, email: Some("bob@example.com".into()) });
        assert_eq!(sentence(&event), "A sign-in as bob@example.com failed");
        event.subject = Some(AuditPerson { user_id: BOB, name: None, email: None });
        assert_eq!(sentence(&event), "A sign-in as somebody who was removed since failed");
        (event.actor, event.subject) = (None, None);
        assert_eq!(sentence(&event), "A sign-in as somebody failed");
        event.kind = AuditKind::AccountCreated;
        assert_eq!(sentence(&event), "The operator created the account");
    }
}
