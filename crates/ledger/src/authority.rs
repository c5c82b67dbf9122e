//! Who may author what: the grants in force at a position of a ledger.
//!
//! Starts from the genesis and is folded over RoleGranted and RoleRevoked. Spec: specs/events.md §2.

use std::collections::BTreeSet;

use crate::body::EventType;
use crate::codec::{DecodeError, decode_canonical};
use crate::genesis::{Genesis, Grant, GrantError, Role};
use crate::ids::KeyId;
use crate::names::Scope;

/// Why a role event may not stand. The fault is the author's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// The payload is not a grant.
    #[error("the payload of a role event: {0}")]
    Decode(#[from] DecodeError),
    /// The grant breaks a rule of specs/ledger.md §3.2.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// That very grant is in force already.
    #[error("that grant is in force already")]
    AlreadyGranted,
    /// That very grant is not in force.
    #[error("that grant is not in force")]
    NotGranted,
    /// Nobody could grant roles any more.
    #[error("no commission key would remain")]
    LastCommission,
}

/// The grants in force at one position of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    service_key: KeyId,
    ledger_key: KeyId,
    grants: BTreeSet<Grant>,
}

impl Authority {
    /// The grants right behind entry 0.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        Self {
            service_key: genesis.service_key(),
            ledger_key: genesis.ledger_key(),
            grants: genesis.fields().grants.iter().cloned().collect(),
        }
    }

    /// These grants, which were in force at some position; `None` if they cannot have been.
    #[must_use]
    pub fn restore(genesis: &Genesis, grants: Vec<Grant>) -> Option<Self> {
        let mut authority = Self::new(genesis);
        let possible = grants.is_sorted_by(|a, b| a < b)
            && grants.iter().any(is_commission)
            && grants
                .iter()
                .all(|g| g.check(authority.service_key, authority.ledger_key).is_ok());
        authority.grants = grants.into_iter().collect();
        possible.then_some(authority)
    }

    /// Whether the key holds the role at this position. Spec: specs/events.md §2.
    ///
    /// A grant without scope counts for every scope; `scope: None` asks for a grant without scope. The role
    /// `service` is held by the service key and by nothing else.
    #[must_use]
    pub fn holds(&self, key: KeyId, role: Role, scope: Option<&Scope>) -> bool {
        if role == Role::Service {
            return key == self.service_key;
        }
        let in_force = |scope: Option<&Scope>| {
            self.grants.contains(&Grant {
                key,
                role,
                scope: scope.cloned(),
            })
        };
        in_force(None) || (scope.is_some() && in_force(scope))
    }

    /// Whether the key has a part on this ledger at this position: it signs for the service or the ledger, or a grant in
    /// force names it.
    #[must_use]
    pub fn is_reserved(&self, key: KeyId) -> bool {
        key == self.service_key || key == self.ledger_key || self.grants.iter().any(|g| g.key == key)
    }

    /// The grants in force, ascending.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter()
    }

    /// Whether [`Authority::apply`] would take this event. The author's role is the caller's to check: commission.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`] names the rule.
    pub fn check(&self, event_type: EventType, payload: &[u8]) -> Result<(), AuthorityError> {
        self.change(event_type, payload).map(|_| ())
    }

    /// Folds RoleGranted and RoleRevoked; every other event type leaves the grants as they are.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`] names the rule; the grants are then as before.
    pub fn apply(&mut self, event_type: EventType, payload: &[u8]) -> Result<(), AuthorityError> {
        match self.change(event_type, payload)? {
            Some(Change::Grant(grant)) => {
                self.grants.insert(grant);
            }
            Some(Change::Revoke(grant)) => {
                self.grants.remove(&grant);
            }
            None => {}
        }
        Ok(())
    }

    fn change(&self, event_type: EventType, payload: &[u8]) -> Result<Option<Change>, AuthorityError> {
        if event_type != EventType::ROLE_GRANTED && event_type != EventType::ROLE_REVOKED {
            return Ok(None);
        }
        let grant: Grant = decode_canonical(payload)?;
        grant.check(self.service_key, self.ledger_key)?;
        let in_force = self.grants.contains(&grant);
        if event_type == EventType::ROLE_GRANTED {
            return if in_force {
                Err(AuthorityError::AlreadyGranted)
            } else {
                Ok(Some(Change::Grant(grant)))
            };
        }
        if !in_force {
            return Err(AuthorityError::NotGranted);
        }
        let commissions = self.grants.iter().filter(|g| is_commission(g)).count();
        if is_commission(&grant) && commissions == 1 {
            return Err(AuthorityError::LastCommission);
        }
        Ok(Some(Change::Revoke(grant)))
    }
}

enum Change {
    Grant(Grant),
    Revoke(Grant),
}

fn is_commission(grant: &Grant) -> bool {
    grant.role == Role::Commission && grant.scope.is_none()
}
