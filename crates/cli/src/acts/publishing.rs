//! Publishing an event for everybody and for accredited auditors.

use sijill_engine::publish::{Publication, Scope};

use super::Event;
use crate::error::Outcome;
use crate::site::{Site, write_file};

/// Publishes for everybody, with the trust file.
pub(crate) async fn publish_public(event: &Event, site: &Site) -> Outcome<Publication> {
    let public = event
        .engine
        .publish(event.election, Scope::Public, &site.published())
        .await?;
    write_file(&site.trust(), public.trust.to_json().as_bytes())?;
    Ok(public)
}

/// Publishes both scopes, each with its trust file.
pub(crate) async fn publish(event: &Event, site: &Site) -> Outcome<(Publication, Publication)> {
    let public = publish_public(event, site).await?;
    let accredited = event
        .engine
        .publish(event.election, Scope::Accredited, &site.accredited())
        .await?;
    write_file(&site.trust_accredited(), accredited.trust.to_json().as_bytes())?;
    Ok((public, accredited))
}
