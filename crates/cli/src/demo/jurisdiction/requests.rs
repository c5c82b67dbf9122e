//! A year of requests for information. What becomes of a request follows from its number.

use std::collections::BTreeMap;

use sijill_engine::persons::Whose;
use sijill_engine::vault::Subject;
use sijill_ledger::{Committed, ContentRef, Kind, LedgerId, Role, SigningKey};
use sijill_registers::catalogue::Event;
use sijill_registers::foi::EndKind;
use sijill_registers::foi::events::*;
use sijill_registers::foi::views::LeagueLine;

use super::office::{Office, number, same, who, working};
use super::texts;
use crate::error::{Failure, Outcome};
use crate::render::{percent, say};

/// Requests come until this day of the year, so that the last one is answered within it.
const LAST_RECEIPT: usize = 300;

/// What happens to a request.
#[derive(Debug, Clone, Copy)]
enum Step {
    Submit,
    OnPaper,
    Admit,
    Link,
    Ask,
    Clarify,
    Fee,
    Settle(u8),
    Unpaid,
    Consult,
    Reply,
    Extend,
    RouteOut,
    Transfer,
    Withdraw,
    Decide(u8),
    HandOut,
    Recall,
    Grieve,
    DecideGrievance(u8),
}

use Step::*;

/// Steps with the days after the receipt on which they happen.
type Fate = &'static [(u32, Step)];

/// What becomes of requests, in turn.
const FATES: [Fate; 20] = [
    &[
        (0, Submit),
        (1, Admit),
        (8, Decide(outcomes::RELEASED)),
        (9, HandOut),
    ],
    &[
        (0, Submit),
        (1, Admit),
        (4, Ask),
        (15, Clarify),
        (19, Decide(outcomes::RELEASED)),
        (20, HandOut),
    ],
    &[
        (0, Submit),
        (1, Admit),
        (12, Decide(outcomes::RELEASED)),
        (12, HandOut),
    ],
    // The requester does not clarify: abandoned.
    &[(0, Submit), (3, Ask)],
    &[
        (0, Submit),
        (1, Admit),
        (3, Fee),
        (9, Settle(1)),
        (13, Decide(outcomes::RELEASED)),
        (14, HandOut),
    ],
    &[
        (0, Submit),
        (1, Admit),
        (3, Fee),
        (5, Settle(2)),
        (10, Decide(outcomes::RELEASED)),
        (10, HandOut),
    ],
    &[(0, Submit), (2, Fee), (15, Unpaid)],
    &[
        (0, Submit),
        (2, Transfer),
        (4, Admit),
        (8, Decide(outcomes::RELEASED)),
        (8, HandOut),
    ],
    &[
        (0, Submit),
        (1, Admit),
        (9, Extend),
        (22, Decide(outcomes::RELEASED)),
        (23, HandOut),
    ],
    // Silence: a deemed refusal, and the requester is right.
    &[
        (0, Submit),
        (1, Admit),
        (35, Grieve),
        (42, DecideGrievance(grievance_decisions::OVERTURNED)),
        (44, Decide(outcomes::RELEASED)),
        (45, HandOut),
    ],
    &[
        (0, OnPaper),
        (1, Admit),
        (7, Decide(outcomes::RELEASED)),
        (8, HandOut),
    ],
    // Silence again, and nobody complains.
    &[(0, Submit), (1, Admit)],
    &[
        (0, Submit),
        (1, Admit),
        (8, Decide(outcomes::REFUSED)),
        (20, Grieve),
        (25, DecideGrievance(grievance_decisions::UPHELD)),
    ],
    &[
        (0, Submit),
        (1, Admit),
        (2, Consult),
        (7, Reply),
        (10, Decide(outcomes::PARTLY_RELEASED)),
        (11, HandOut),
    ],
    // The wrong file is released, withdrawn, and the right one released.
    &[
        (0, Submit),
        (1, Admit),
        (6, Decide(outcomes::RELEASED)),
        (7, HandOut),
        (8, Recall),
        (8, HandOut),
    ],
    &[(0, Submit), (2, RouteOut)],
    &[(0, Submit), (1, Admit), (5, Withdraw)],
    &[
        (0, Submit),
        (1, Admit),
        (1, Link),
        (9, Decide(outcomes::RELEASED)),
        (9, HandOut),
    ],
    &[(0, Submit), (1, Admit), (6, Decide(outcomes::NOT_HELD))],
    &[(0, Submit), (1, Admit), (4, Decide(outcomes::ALREADY_PUBLIC))],
];

/// Where a request is.
struct Place {
    ledger: LedgerId,
    seq: u64,
    grievance: u64,
    consultation: u64,
    requester: Subject,
    third_party: Option<Subject>,
}

/// The requests of a year, at two authorities.
pub(super) struct Requests<'a> {
    office: &'a Office,
    register: LedgerId,
    other: LedgerId,
    count: usize,
    plan: BTreeMap<u32, Vec<(usize, Step)>>,
    places: BTreeMap<usize, Place>,
}

impl<'a> Requests<'a> {
    /// Two registers under a law, and what will happen on them.
    pub(super) async fn begin(office: &'a Office, law: ContentRef, count: usize) -> Outcome<Self> {
        let who = &office.officials;
        let mut registers = Vec::new();
        for (id, authority, name, officer) in [
            (
                "works-2026",
                "works",
                ("Authority of Works", "هيئة الأشغال"),
                &who.officer,
            ),
            (
                "parks-2026",
                "parks",
                ("Department of Parks", "إدارة الحدائق"),
                &who.other_officer,
            ),
        ] {
            let grants = [
                (officer, Role::FoiOfficer),
                (&who.grievances, Role::GrievanceOfficer),
            ];
            let ledger = office.register(Kind::Foi, id, authority, name, &grants).await?;
            let defined = FoiEvent::RegisterDefined(RegisterDefined { pack: law });
            office.sign(ledger, &who.commission, Event::Foi(defined)).await?;
            registers.push(ledger);
        }
        let [register, other] = registers[..] else {
            return Err(Failure::internal("two registers"));
        };
        let mut plan: BTreeMap<u32, Vec<(usize, Step)>> = BTreeMap::new();
        for n in 0..count {
            let receipt = u32::try_from(1 + n * LAST_RECEIPT / count).map_err(Failure::internal)?;
            for (after, step) in FATES[n % FATES.len()] {
                let day = match step {
                    Submit => receipt,
                    _ => working(receipt + after),
                };
                plan.entry(day).or_default().push((n, *step));
            }
        }
        Ok(Self {
            office,
            register,
            other,
            count,
            plan,
            places: BTreeMap::new(),
        })
    }

    /// What happens on a day.
    pub(super) async fn day(&mut self, day: u32) -> Outcome {
        for (n, step) in self.plan.remove(&day).unwrap_or_default() {
            self.step(n, step, day).await?;
        }
        Ok(())
    }

    /// Due dates of open requests, by their references.
    pub(super) fn due(&self) -> Outcome<BTreeMap<String, String>> {
        let engine = &self.office.engine;
        let now = engine.now().as_u64();
        let handle = engine.ledgers().find(&self.register);
        let board =
            handle.and_then(|h| h.with_head(|head| Some(head.state.as_foi()?.board(now, engine.ledgers()))));
        let board = board.ok_or_else(|| Failure::internal("a register that is gone"))??;
        let lines = board.into_iter();
        Ok(lines
            .filter_map(|line| Some((line.reference, line.due?.to_string())))
            .collect())
    }

    async fn submit(&mut self, n: usize, letter: Option<u32>) -> Outcome {
        let (office, ledger) = (self.office, self.register);
        let identifier = who(n);
        let name = format!("Requester {} of the rehearsal", n + 1);
        let (text, whose) = (texts::request(n), Whose::Identifier(&identifier));
        let (subject, requester, text, letter) = match letter {
            None => {
                let (subject, [requester, text]) = office.letters(ledger, whose, [&name, &text])?;
                (subject, requester, text, None)
            }
            Some(day) => {
                let (subject, [requester, text, scan]) =
                    office.letters(ledger, whose, [&name, &text, "the scan of a letter"])?;
                let received_on = number(day);
                (subject, requester, text, Some(Letter { received_on, scan }))
            }
        };
        let by_letter = letter.is_some();
        let event = Event::Foi(FoiEvent::RequestSubmitted(RequestSubmitted {
            requester,
            text,
            letter,
        }));
        let at = if by_letter {
            office.sign(ledger, &office.officials.officer, event).await?
        } else {
            office.serve(ledger, event).await?
        };
        let place = Place {
            ledger,
            seq: at.seq.as_u64(),
            grievance: 0,
            consultation: 0,
            requester: subject,
            third_party: None,
        };
        self.places.insert(n, place);
        Ok(())
    }

    fn place(&mut self, n: usize) -> Outcome<&mut Place> {
        self.places
            .get_mut(&n)
            .ok_or_else(|| Failure::internal("a request before its receipt"))
    }

    async fn step(&mut self, n: usize, step: Step, day: u32) -> Outcome {
        let office = self.office;
        match step {
            Submit => return self.submit(n, None).await,
            OnPaper => return self.submit(n, Some(day.saturating_sub(1))).await,
            _ => {}
        }
        let earlier = n
            .checked_sub(1)
            .and_then(|before| self.places.get(&before).map(|p| p.seq));
        let other = self.other;
        let Place {
            ledger,
            seq: request,
            grievance,
            consultation,
            requester,
            third_party,
        } = *self.place(n)?;
        // What everybody may read, and letters to and from somebody.
        let text = |text: &str| office.commit(ledger, text);
        let letter = |text: &str| -> Outcome<Committed> {
            let (_, [kept]) = office.letters(ledger, Whose::Subject(requester), [text])?;
            Ok(kept)
        };
        let mut heard = third_party;
        let event = match step {
            Submit | OnPaper => return Ok(()),
            Clarify | Withdraw | Grieve => return self.by_requester(n, step).await,
            Admit => FoiEvent::RequestAdmitted(RequestAdmitted {
                request,
                summary: text(&texts::summary(n))?,
            }),
            Link => match earlier {
                Some(similar) if ledger == self.register => {
                    FoiEvent::RequestsLinked(RequestsLinked { request, similar })
                }
                _ => return Ok(()),
            },
            Ask => FoiEvent::ClarificationAsked(ClarificationAsked {
                request,
                question: letter("Which year do you mean?")?,
            }),
            Fee => FoiEvent::FeeQuoted(FeeQuoted {
                request,
                amount: 5_000,
                currency: "QAR".to_owned(),
                pay_by: number(day + 10),
            }),
            Settle(how) => FoiEvent::FeeSettled(FeeSettled { request, how }),
            Unpaid => FoiEvent::FeeUnpaid(FeeUnpaid { request }),
            Consult => {
                let texts = [
                    "The contractor of the rehearsal",
                    "Do you object to the release of your offer?",
                ];
                let (subject, [party, notice]) = office.letters(ledger, Whose::Unnamed, texts)?;
                heard = Some(subject);
                FoiEvent::ThirdPartyConsulted(ThirdPartyConsulted {
                    request,
                    party,
                    notice,
                })
            }
            Reply => {
                let whose = heard.map_or(Whose::Unnamed, Whose::Subject);
                let texts = ["We object to the release of our prices."];
                let (_, [reply]) = office.letters(ledger, whose, texts)?;
                FoiEvent::ThirdPartyReplied(ThirdPartyReplied { consultation, reply })
            }
            Extend => FoiEvent::DeadlineExtended(DeadlineExtended {
                request,
                reason: text("The documents are many.")?,
            }),
            RouteOut => FoiEvent::RequestRoutedOut(RequestRoutedOut {
                request,
                ground: 1,
                explanation: letter("You ask for your own data: the law on personal data is the way.")?,
            }),
            Transfer => FoiEvent::RequestTransferred(RequestTransferred {
                request,
                to: other,
                reason: letter("The department of parks holds it.")?,
            }),
            Decide(outcome) => FoiEvent::DecisionMade(self.decision(n, ledger, request, outcome)?),
            HandOut => FoiEvent::ReleaseMade(ReleaseMade {
                request,
                releases: vec![Release {
                    document: 0,
                    rendition: text(&format!(
                        "{}: the document, as it is handed out.",
                        texts::summary(n)
                    ))?,
                }],
            }),
            Recall => FoiEvent::ReleaseWithdrawn(ReleaseWithdrawn {
                request,
                documents: vec![0],
                reason: text("It was the wrong file.")?,
            }),
            DecideGrievance(decision) => FoiEvent::GrievanceDecided(GrievanceDecided {
                grievance,
                decision,
                reason: text("After hearing the officer.")?,
            }),
        };
        let key = self.signer(step, ledger);
        let at = office.sign(ledger, key, Event::Foi(event)).await?;
        match step {
            Consult => {
                let place = self.place(n)?;
                (place.consultation, place.third_party) = (at.seq.as_u64(), heard);
            }
            Transfer => {
                let done = office.engine.tick().await?;
                let received = done.iter().find(|t| t.event == "TransferReceived");
                let received = received.ok_or_else(|| Failure::internal("a transfer that did not arrive"))?;
                let place = self.place(n)?;
                (place.ledger, place.seq) = (received.register, received.seq);
            }
            _ => {}
        }
        Ok(())
    }

    fn signer(&self, step: Step, ledger: LedgerId) -> &'a SigningKey {
        let who = &self.office.officials;
        match step {
            DecideGrievance(_) => &who.grievances,
            _ if ledger == self.other => &who.other_officer,
            _ => &who.officer,
        }
    }

    /// What the service does for a requester.
    async fn by_requester(&mut self, n: usize, step: Step) -> Outcome {
        let office = self.office;
        let Place {
            ledger,
            seq: request,
            requester,
            ..
        } = *self.place(n)?;
        let letter = |text: &str| -> Outcome<Committed> {
            let (_, [kept]) = office.letters(ledger, Whose::Subject(requester), [text])?;
            Ok(kept)
        };
        let event = match step {
            Clarify => FoiEvent::ClarificationGiven(ClarificationGiven {
                request,
                answer: letter("The year before this one.")?,
                letter: None,
            }),
            Withdraw => FoiEvent::RequestWithdrawn(RequestWithdrawn {
                request,
                letter: None,
            }),
            _ => FoiEvent::GrievanceFiled(GrievanceFiled {
                request,
                statement: letter("I do not agree.")?,
                letter: None,
            }),
        };
        let at = office.serve(ledger, Event::Foi(event)).await?;
        if matches!(step, Grieve) {
            self.place(n)?.grievance = at.seq.as_u64();
        }
        Ok(())
    }

    fn decision(&self, n: usize, ledger: LedgerId, request: u64, outcome: u8) -> Outcome<DecisionMade> {
        let text = |text: &str| self.office.commit(ledger, text);
        let withheld = matches!(outcome, outcomes::PARTLY_RELEASED | outcomes::REFUSED);
        let public = outcome == outcomes::ALREADY_PUBLIC;
        Ok(DecisionMade {
            request,
            statement: text("Decided after looking for it.")?,
            documents: vec![DocumentDecision {
                title: text(&texts::summary(n))?,
                outcome,
                exemptions: if withheld {
                    vec!["commercial".to_owned()]
                } else {
                    Vec::new()
                },
                original: if withheld {
                    Some(text("the original, which stays here")?)
                } else {
                    None
                },
                place: public.then(|| "the yearbook of the authority".to_owned()),
            }],
        })
    }

    /// Publishes the due dates of both registers, compares the ledgers with what was played, and says what became of the
    /// requests.
    pub(super) async fn end(&self) -> Outcome {
        let engine = &self.office.engine;
        let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut missed, mut grievances, mut recalled, mut received) = (0, 0, 0, 0);
        let mut league = Vec::new();
        for ledger in [self.register, self.other] {
            engine.publish_due_dates(ledger).await?;
            let gone = || Failure::internal("a register that is gone");
            let handle = engine.ledgers().find(&ledger).ok_or_else(gone)?;
            let line: LeagueLine = handle
                .with_head(|head| {
                    let foi = head.state.as_foi()?;
                    for request in foi.requests() {
                        received += 1;
                        let how = request.end.map_or("open", |end| end.kind.as_str());
                        *ends.entry(how).or_default() += 1;
                        missed += u64::from(request.missed.is_some());
                        grievances += request.grievances.len() as u64;
                        recalled += request.withdrawn.len() as u64;
                    }
                    Some(foi.league_line(engine.ledgers()))
                })
                .ok_or_else(gone)??;
            league.push(line);
        }
        let of = |kind: EndKind| ends.get(kind.as_str()).copied().unwrap_or(0);
        let fates = |wanted: fn(&Step) -> bool| {
            let all = (0..self.count).map(|n| FATES[n % FATES.len()]);
            all.filter(|fate| fate.iter().any(|(_, step)| wanted(step)))
                .count() as u64
        };
        let silent = (0..self.count)
            .filter(|n| matches!(n % FATES.len(), 9 | 11))
            .count() as u64;
        let transfers = fates(|s| matches!(s, Transfer));
        same("requests", received, self.count as u64 + transfers)?;
        same("transfers", of(EndKind::Transferred), transfers)?;
        same("deemed refusals", of(EndKind::DeemedRefused), silent)?;
        same(
            "abandoned requests",
            of(EndKind::Abandoned),
            fates(|s| matches!(s, Ask)) - fates(|s| matches!(s, Clarify)),
        )?;
        same("unpaid fees", of(EndKind::Unpaid), fates(|s| matches!(s, Unpaid)))?;
        same(
            "requests of another law",
            of(EndKind::RoutedOut),
            fates(|s| matches!(s, RouteOut)),
        )?;
        same(
            "requests that were withdrawn",
            of(EndKind::Withdrawn),
            fates(|s| matches!(s, Withdraw)),
        )?;
        same("grievances", grievances, fates(|s| matches!(s, Grieve)))?;
        same(
            "releases that were withdrawn",
            recalled,
            fates(|s| matches!(s, Recall)),
        )?;
        same(
            "requests that are open",
            ends.get("open").copied().unwrap_or(0),
            0,
        )?;
        say!(
            "   {} requests in a year: {} decided, {} deemed refused by silence, {} abandoned, {} not paid for, {} \
             transferred, {} of another law, {} withdrawn.",
            self.count,
            of(EndKind::Decided),
            silent,
            of(EndKind::Abandoned),
            of(EndKind::Unpaid),
            transfers,
            of(EndKind::RoutedOut),
            of(EndKind::Withdrawn)
        );
        say!(
            "   {missed} deadlines missed, each on record from the next day on; {grievances} grievances, decided by \
             another officer; {recalled} wrong files withdrawn, with a notice in their place."
        );
        for line in &league {
            let median = line.median_days.map_or("none".to_owned(), |d| d.to_string());
            say!(
                "   {}: {} of its decisions were in time, median {median} days.",
                line.authority,
                percent(line.on_time_bp)
            );
        }
        Ok(())
    }
}
