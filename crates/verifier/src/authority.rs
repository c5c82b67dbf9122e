//! Who may do what at a position of a ledger.
//!
//! Spec: specs/ledger.md §3.2, specs/events.md §2.

use std::collections::BTreeSet;

use crate::events::Event;
use crate::keys::is_enrollable_key;
use crate::wire::{Genesis, Grant, Role, is_scope};

/// The grants in force.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    ledger_key: [u8; 32],
    service_key: [u8; 32],
    grants: BTreeSet<Grant>,
}

impl Authority {
    /// The first grants, as they stand in the genesis. Whether they are well formed is checked by [`Authority::grant_form`].
    pub(crate) fn of(genesis: &Genesis) -> Authority {
        Authority {
            ledger_key: genesis.ledger_key,
            service_key: genesis.service_key,
            grants: genesis.grants.iter().cloned().collect(),
        }
    }

    /// Whether `key` holds `role` for `scope`. A grant without scope is for every scope; an event without scope needs a grant without scope.
    pub(crate) fn holds(&self, key: &[u8; 32], role: Role, scope: Option<&str>) -> bool {
        if role == Role::SERVICE {
            return *key == self.service_key;
        }
        let has = |scope: Option<&str>| {
            self.grants.contains(&Grant {
                key: *key,
                role,
                scope: scope.map(str::to_owned),
            })
        };
        has(None) || scope.is_some_and(|scope| has(Some(scope)))
    }

    /// Whether a grant in force names `key`, or it is the service key or the ledger key.
    pub(crate) fn names(&self, key: &[u8; 32]) -> bool {
        *key == self.ledger_key
            || *key == self.service_key
            || self.grants.iter().any(|grant| grant.key == *key)
    }

    /// The keys that hold `role` without scope.
    pub(crate) fn holders(&self, role: Role) -> BTreeSet<[u8; 32]> {
        let grants = self.grants.iter();
        grants
            .filter(|grant| grant.role == role && grant.scope.is_none())
            .map(|grant| grant.key)
            .collect()
    }

    /// Takes a grant or revocation by `author` as it stands on a ledger, where it follows the rules.
    pub(crate) fn follow(&mut self, author: &[u8; 32], event: &Event<'_>) {
        if self.holds(author, Role::COMMISSION, None) {
            // What breaks a rule has no effect; it is reported where the ledger is read.
            let _ = match event {
                Event::RoleGranted(grant) => self.grant(grant),
                Event::RoleRevoked(grant) => self.revoke(grant),
                _ => Ok(()),
            };
        }
    }

    /// Form of any grant, in the genesis or later.
    pub(crate) fn grant_form(&self, grant: &Grant) -> Result<(), &'static str> {
        if !grant.role.is_grantable() {
            return Err("the role cannot be granted");
        }
        if grant
            .scope
            .as_deref()
            .is_some_and(|scope| !is_scope(grant.role, scope))
        {
            return Err("the scope is malformed");
        }
        if grant.key == self.ledger_key || grant.key == self.service_key {
            return Err("the key is the ledger key or the service key");
        }
        if !is_enrollable_key(&grant.key) {
            return Err("the key is not a public key");
        }
        Ok(())
    }

    pub(crate) fn grant(&mut self, grant: &Grant) -> Result<(), &'static str> {
        self.grant_form(grant)?;
        if self.grants.insert(grant.clone()) {
            Ok(())
        } else {
            Err("the grant is already in force")
        }
    }

    pub(crate) fn revoke(&mut self, grant: &Grant) -> Result<(), &'static str> {
        self.grant_form(grant)?;
        if !self.grants.contains(grant) {
            return Err("the grant is not in force");
        }
        let is_commission = |grant: &Grant| grant.role == Role::COMMISSION && grant.scope.is_none();
        if is_commission(grant) && self.grants.iter().filter(|grant| is_commission(grant)).count() == 1 {
            return Err("no commission key would remain");
        }
        self.grants.remove(grant);
        Ok(())
    }

    /// Whether some key holds the commission without scope.
    pub(crate) fn has_commission(&self) -> bool {
        self.grants
            .iter()
            .any(|grant| grant.role == Role::COMMISSION && grant.scope.is_none())
    }
}
