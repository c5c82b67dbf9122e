//! What officers sign about a request, from admission to the decision about a grievance.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sijill_engine::persons::Whose;
use sijill_ledger::LedgerId;
use sijill_registers::foi::events::*;

use super::arguments::{FoiCommand, GrievanceDecision, Ground, KeyArg, Settled};
use super::desk::Desk;
use crate::commands::calendar::{day, number};
use crate::error::{Failure, Outcome};
use crate::render::escape;
use crate::site::read_bounded;
use crate::taken;

/// The file of `decide`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionFile {
    statement: String,
    #[serde(default)]
    document: Vec<DocumentEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentEntry {
    title: String,
    outcome: String,
    #[serde(default)]
    exemptions: Vec<String>,
    #[serde(default)]
    original: Option<PathBuf>,
    #[serde(default)]
    place: Option<String>,
}

impl Desk<'_> {
    /// What an officer signs about a request.
    pub(super) async fn event<'c>(
        &self,
        command: &'c FoiCommand,
        ledger: LedgerId,
        request: u64,
    ) -> Outcome<(FoiEvent, &'c KeyArg)> {
        Ok(match command {
            FoiCommand::Admit { summary, key, .. } => {
                let summary = self.commit(ledger, summary)?;
                (
                    FoiEvent::RequestAdmitted(RequestAdmitted { request, summary }),
                    key,
                )
            }
            FoiCommand::RouteOut {
                ground,
                explanation,
                key,
                ..
            } => {
                let event = RequestRoutedOut {
                    request,
                    ground: match ground {
                        Ground::OwnData => 1,
                        Ground::OtherLaw => 2,
                    },
                    explanation: self.letter_to(
                        ledger,
                        self.requester(ledger, request).await?,
                        explanation,
                    )?,
                };
                (FoiEvent::RequestRoutedOut(event), key)
            }
            FoiCommand::Transfer { to, reason, key, .. } => {
                let (to, _) = self.register(to)?;
                let reason = self.letter_to(ledger, self.requester(ledger, request).await?, reason)?;
                let event = RequestTransferred { request, to, reason };
                (FoiEvent::RequestTransferred(event), key)
            }
            FoiCommand::Link { similar, key, .. } => {
                let (other, similar) = self.request(similar)?;
                if other != ledger {
                    return Err(Failure::usage(
                        "the two requests are of different registers",
                        "link requests of one register",
                    )
                    .code("request.reference"));
                }
                (FoiEvent::RequestsLinked(RequestsLinked { request, similar }), key)
            }
            FoiCommand::Ask { question, key, .. } => {
                let question = self.letter_to(ledger, self.requester(ledger, request).await?, question)?;
                let event = ClarificationAsked { request, question };
                (FoiEvent::ClarificationAsked(event), key)
            }
            FoiCommand::Fee {
                amount,
                currency,
                pay_by,
                key,
                ..
            } => {
                let event = FeeQuoted {
                    request,
                    amount: *amount,
                    currency: currency.clone(),
                    pay_by: number(day(pay_by)?),
                };
                (FoiEvent::FeeQuoted(event), key)
            }
            FoiCommand::Settle { how, key, .. } => {
                let how = match how {
                    Settled::Paid => 1,
                    Settled::Waived => 2,
                };
                (FoiEvent::FeeSettled(FeeSettled { request, how }), key)
            }
            FoiCommand::Unpaid { key, .. } => (FoiEvent::FeeUnpaid(FeeUnpaid { request }), key),
            FoiCommand::Consult {
                party, notice, key, ..
            } => {
                // The third party is a person of its own.
                let texts = [party.as_path(), notice.as_path()];
                let [party, notice] = self.kept(ledger, Whose::Unnamed, texts)?;
                let event = ThirdPartyConsulted {
                    request,
                    party,
                    notice,
                };
                (FoiEvent::ThirdPartyConsulted(event), key)
            }
            FoiCommand::Extend { reason, key, .. } => {
                let reason = self.commit(ledger, reason)?;
                (
                    FoiEvent::DeadlineExtended(DeadlineExtended { request, reason }),
                    key,
                )
            }
            FoiCommand::Decide { file, key, .. } => {
                (FoiEvent::DecisionMade(self.decision(ledger, request, file)?), key)
            }
            FoiCommand::Release { files, key, .. } => {
                let mut releases = files
                    .iter()
                    .map(|f| self.released(ledger, request, f))
                    .collect::<Outcome<Vec<_>>>()?;
                releases.sort_by_key(|r| r.document);
                (FoiEvent::ReleaseMade(ReleaseMade { request, releases }), key)
            }
            FoiCommand::Recall {
                documents,
                reason,
                key,
                ..
            } => {
                let mut documents = documents.clone();
                documents.sort_unstable();
                let reason = self.commit(ledger, reason)?;
                let event = ReleaseWithdrawn {
                    request,
                    documents,
                    reason,
                };
                (FoiEvent::ReleaseWithdrawn(event), key)
            }
            FoiCommand::DecideGrievance {
                decision,
                reason,
                key,
                ..
            } => {
                let open = self.with_foi(ledger, |foi| {
                    let request = foi.request(request);
                    Ok(request.and_then(|r| r.grievances.iter().find(|g| g.end.is_none()).map(|g| g.seq)))
                })?;
                let grievance = open.ok_or_else(|| {
                    Failure::refused(
                        "no grievance about this request is open",
                        "`sijill foi case` shows its grievances",
                    )
                    .code("request.grievance")
                })?;
                let event = GrievanceDecided {
                    grievance,
                    decision: match decision {
                        GrievanceDecision::Upheld => grievance_decisions::UPHELD,
                        GrievanceDecision::Varied => grievance_decisions::VARIED,
                        GrievanceDecision::Overturned => grievance_decisions::OVERTURNED,
                    },
                    reason: self.commit(ledger, reason)?,
                };
                (FoiEvent::GrievanceDecided(event), key)
            }
            _ => return Err(Failure::internal("a command without an event")),
        })
    }

    pub(super) fn released(&self, ledger: LedgerId, request: u64, text: &str) -> Outcome<Release> {
        let parsed = text
            .split_once('=')
            .and_then(|(n, file)| Some((n.parse().ok()?, file)));
        let (document, file): (u16, &str) = parsed.ok_or_else(|| {
            Failure::usage(
                format!("{} is no document", escape(text)),
                "write its number in the decision, from 0, an equals sign and the file: 0=report.pdf",
            )
            .code("request.document")
        })?;
        let file = Path::new(file);
        self.refuse_original(ledger, request, document, file)?;
        Ok(Release {
            document,
            rendition: self.commit_bytes(ledger, file)?,
        })
    }

    /// A document that is released in part is not handed out as it is.
    fn refuse_original(&self, ledger: LedgerId, request: u64, document: u16, file: &Path) -> Outcome {
        let original = self.with_foi(ledger, |foi| {
            let decision = foi.request(request).and_then(|r| r.decision.as_ref());
            let decided = decision.and_then(|d| d.documents.get(usize::from(document)));
            Ok(decided
                .filter(|d| d.outcome == outcomes::PARTLY_RELEASED)
                .and_then(|d| d.original))
        })?;
        let Some(original) = original else { return Ok(()) };
        let (bytes, _) = taken::document(file)?;
        // An original that was erased cannot be compared.
        let same = self
            .engine()
            .committed_content(&ledger, &original)
            .is_ok_and(|original| *original == *bytes);
        if same {
            return Err(Failure::refused(
                format!(
                    "{} is the original, and document {document} is released in part only",
                    file.display()
                ),
                "`sijill foi redact` makes a rendition without what is exempt",
            )
            .code("rendition.original"));
        }
        Ok(())
    }

    pub(super) fn decision(&self, ledger: LedgerId, request: u64, path: &Path) -> Outcome<DecisionMade> {
        let bad = |problem: String| {
            Failure::refused(
                format!("{}: {problem}", path.display()),
                "`sijill foi decide --help` says what is in the file",
            )
            .code("request.decision")
        };
        let text = String::from_utf8(read_bounded(path)?).map_err(|_| bad("is not UTF-8 text".into()))?;
        let file: DecisionFile = toml::from_str(&text).map_err(|e| bad(e.to_string()))?;
        // Looked at as a whole before anything is kept.
        let outcome = |text: &str| match text {
            "released" => Ok(outcomes::RELEASED),
            "partly-released" => Ok(outcomes::PARTLY_RELEASED),
            "refused" => Ok(outcomes::REFUSED),
            "not-held" => Ok(outcomes::NOT_HELD),
            "already-public" => Ok(outcomes::ALREADY_PUBLIC),
            other => Err(bad(format!("there is no outcome `{}`", escape(other)))),
        };
        let outcomes = file
            .document
            .iter()
            .map(|d| outcome(&d.outcome))
            .collect::<Outcome<Vec<_>>>()?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut documents = Vec::new();
        for (document, outcome) in file.document.into_iter().zip(outcomes) {
            let mut exemptions = document.exemptions;
            exemptions.sort_unstable();
            let original = document
                .original
                .map(|file| self.commit_bytes(ledger, &folder.join(file)));
            documents.push(DocumentDecision {
                title: self.commit(ledger, &document.title)?,
                outcome,
                exemptions,
                original: original.transpose()?,
                place: document.place,
            });
        }
        Ok(DecisionMade {
            request,
            statement: self.commit(ledger, &file.statement)?,
            documents,
        })
    }
}
