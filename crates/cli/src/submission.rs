//! What somebody signed on a machine of their own, as a file on its way to the service.
//!
//! The signature binds the body to what its author saw of the ledger, so the file may travel by any way: whoever carries
//! it can delay or lose it, and nothing else. Spec: specs/operations.md §9.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use sijill_engine::{Acknowledgement, Engine};
use sijill_ledger::{
    Body, BodyError, ContentRef, LedgerId, Nonce, Seen, Signature, SignedBody, SigningKey, UnixMillis,
};
use sijill_registers::catalogue::{self, Event};

use crate::error::{Failure, Outcome};
use crate::site::{read_bounded, write_file};

const FORMAT: &str = "sijill-submission/1";

/// A signed body with the documents that it cites and its author hands in.
pub(crate) struct Submission {
    body: SignedBody,
    contents: Vec<Vec<u8>>,
}

/// How a submission looks in its file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    /// Canonical bytes of the body, base64.
    body: String,
    /// 64 bytes, hexadecimal.
    signature: String,
    /// Documents, base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    contents: Vec<String>,
}

impl Submission {
    /// Signs an event upon what its author has seen of the ledger.
    pub(crate) fn sign(
        key: &SigningKey,
        ledger: LedgerId,
        seen: Seen,
        now: UnixMillis,
        event: &Event,
        contents: Vec<Vec<u8>>,
    ) -> Outcome<Self> {
        let mut nonce = [0; 16];
        rand::rng().fill_bytes(&mut nonce);
        let body = Body {
            ledger,
            event_type: event.wire_type(),
            author: key.key_id(),
            author_time_ms: now,
            nonce: Nonce::from_bytes(nonce),
            seen: Some(seen),
            refs: Vec::new(),
            payload: event.payload(),
        };
        let body = body.sign(key).map_err(|e: BodyError| Failure::internal(e))?;
        Ok(Self { body, contents })
    }

    /// Reads a submission file; its signature holds.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let bad = |problem: &str| {
            Failure::refused(
                format!("{} is not a submission: {problem}", path.display()),
                "give a file that a `sijill trustee` command wrote, unchanged",
            )
            .code("submission.form")
        };
        let bytes = read_bounded(path)?;
        let document: Document =
            serde_json::from_slice(&bytes).map_err(|_| bad("it has not the form of one"))?;
        if document.format != FORMAT {
            return Err(bad(&format!("this version reads `{FORMAT}`")));
        }
        let body = STANDARD
            .decode(&document.body)
            .map_err(|_| bad("`body` is not base64"))?;
        let mut signature = [0; Signature::LEN];
        hex::decode_to_slice(&document.signature, &mut signature)
            .map_err(|_| bad("`signature` is not 64 bytes in hexadecimal"))?;
        let body =
            SignedBody::parse(&body, Signature::from_bytes(signature)).map_err(|e| bad(&e.to_string()))?;
        let contents = document
            .contents
            .iter()
            .map(|text| STANDARD.decode(text))
            .collect::<Result<_, _>>()
            .map_err(|_| bad("`contents` are not base64"))?;
        Ok(Self { body, contents })
    }

    /// Writes it.
    pub(crate) fn write(&self, path: &Path) -> Outcome {
        write_file(path, &self.to_bytes()?)
    }

    /// The file. Spec: specs/operations.md §9.
    pub(crate) fn to_bytes(&self) -> Outcome<Vec<u8>> {
        let document = Document {
            format: FORMAT.to_owned(),
            body: STANDARD.encode(self.body.bytes()),
            signature: hex::encode(self.body.signature().as_bytes()),
            contents: self.contents.iter().map(|bytes| STANDARD.encode(bytes)).collect(),
        };
        serde_json::to_vec_pretty(&document).map_err(Failure::internal)
    }

    /// The ledger that it is for.
    pub(crate) fn ledger(&self) -> LedgerId {
        self.body.body().ledger
    }

    /// Name of the event type.
    pub(crate) fn name(&self) -> &'static str {
        catalogue::find(self.body.body().event_type.as_u16()).map_or("unknown event", |line| line.name)
    }

    /// Hands it to the engine. Documents that the event does not cite are left out.
    ///
    /// # Durability
    /// When this returns, event and documents are on stable storage.
    pub(crate) async fn submit(&self, engine: &Engine) -> Outcome<Acknowledgement> {
        let body = self.body.body();
        let Some(handle) = engine.ledgers().find(&body.ledger) else {
            return Err(Failure::refused(
                format!("the submission is for ledger {}, which is not here", body.ledger),
                "hand it to the service that keeps this ledger; `sijill ledger list` shows what is here",
            )
            .code("submission.elsewhere"));
        };
        let kind = handle.with_head(|head| head.state.kind());
        let event = Event::parse(kind, body.event_type, &body.payload).map_err(|e| {
            Failure::refused(
                format!("the submission's event: {e}"),
                "make it again with a version of this program that the service knows",
            )
            .code("submission.event")
        })?;
        let cited: Vec<ContentRef> = event.contents();
        for bytes in &self.contents {
            if ContentRef::of(bytes).is_ok_and(|content| cited.contains(&content)) {
                engine.put_content(bytes)?;
            }
        }
        Ok(engine.submit_signed(&self.body).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sijill_ledger::Root;
    use sijill_registers::election::events::ElectionEvent;

    fn submission() -> Submission {
        let key = SigningKey::from_seed(&[7; 32]);
        let seen = Seen {
            size: 1,
            root: Root::from_bytes([3; 32]),
        };
        let event = Event::Election(ElectionEvent::PollOpened);
        Submission::sign(
            &key,
            LedgerId::from_bytes([1; 32]),
            seen,
            UnixMillis::ZERO,
            &event,
            vec![b"a document".to_vec()],
        )
        .unwrap()
    }

    #[test]
    fn a_submission_survives_its_file_and_a_changed_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.json");
        let written = submission();
        written.write(&path).unwrap();
        let read = Submission::read(&path).unwrap();
        assert_eq!(read.body.bytes(), written.body.bytes());
        assert_eq!(read.contents, written.contents);
        assert_eq!(read.name(), "PollOpened");

        let good: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let mut other_body = written.body.bytes().to_vec();
        other_body[20] ^= 1;
        for (field, value) in [
            ("format", "sijill-submission/2".into()),
            ("body", STANDARD.encode(&other_body).into()),
            ("body", "%".into()),
            ("signature", "00".repeat(64).into()),
            ("signature", "00".into()),
            ("contents", serde_json::json!(["%"])),
            ("more", serde_json::json!(1)),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            std::fs::write(&path, bad.to_string()).unwrap();
            assert!(Submission::read(&path).is_err(), "{field}");
        }
    }
}
