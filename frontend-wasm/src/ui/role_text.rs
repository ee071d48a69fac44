//! The names of the roles. Pure.

use curfew_shared::auth::Role;

/// All roles, in the order of a choice.
pub const ALL: [Role; 3] = [Role::Owner, Role::Engineer, Role::Viewer];

/// “Owner”.
#[must_use]
pub fn name(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Engineer => "Engineer",
        Role::Viewer => "Viewer",
    }
}

/// “Owner: administers the account”.
#[must_use]
pub fn name_and_meaning(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner: administers the account",
        Role::Engineer => "Engineer: uses the product",
        Role::Viewer => "Viewer: read-only",
    }
}

/// The role with this name in the API.
#[must_use]
pub fn read(word: &str) -> Option<Role> {
    ALL.into_iter().find(|role| role.as_str() == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test;

    #[test]
    fn every_role_is_named_and_read_by_its_word() {
        for role in ALL {
            assert_eq!(read(role.as_str()), Some(role));
            assert!(name_and_meaning(role).starts_with(&format!("{}: ", name(role))));
        }
        assert_eq!(read("emperor"), None);
    }
}
