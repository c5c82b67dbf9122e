//! A consultation on a draft in three versions. Who says what, and what becomes of it, follows from the number of the comment.

use std::collections::BTreeSet;

use sijill_engine::SubmitError;
use sijill_ledger::{Committed, Kind, LedgerId, Role, SigningKey};
use sijill_registers::calendar::events::{ErasureConfirmed, ErasureOrdered, RegisterEvent};
use sijill_registers::catalogue::Event;
use sijill_registers::consultation::document::{Answers, Clause, ClauseText, Document};
use sijill_registers::consultation::events::*;
use sijill_registers::consultation::{LATE_NOT_COUNTED, LATE_REFUSED};

use super::office::{Office, number, refused, same, who};
use super::texts::{self, DRAFTS, MOVES, THEMES};
use crate::error::{Failure, Outcome};
use crate::render::say;

/// Days of the year: when it is defined, its window, when versions are published, and what follows the close.
const DEFINED: u32 = 48;
const FIRST: u32 = 59;
const LAST: u32 = 89;
const EXTENDED: u32 = 80;
const NEW_LAST: u32 = 98;
const VERSIONS: [u32; 3] = [50, 72, 87];
const LATE_DAY: u32 = 100;
const THEMES_DAY: u32 = 103;
const REPORT_DAY: u32 = 111;
const ARCHIVE_DAY: u32 = 116;
const RIGHTS_DAY: u32 = 122;
const REPORT_DUE: u32 = 128;
/// Answers that the owner gives, and comments that each answers.
const ANSWERS: usize = 6;
const ANSWERED: usize = 12;

/// Somebody who takes part.
struct Participant {
    person: Person,
    /// `None`: the intake service speaks for them.
    key: Option<SigningKey>,
}

/// A comment as it was played.
struct Made {
    seq: u64,
    by: usize,
    text: Committed,
    /// Its theme, if it is a root.
    theme: Option<&'static str>,
    is_late: bool,
    is_hidden: bool,
    is_withdrawn: bool,
}

impl Made {
    const fn is_visible(&self) -> bool {
        !self.is_hidden && !self.is_withdrawn
    }
}

/// The consultation.
pub(super) struct Forum<'a> {
    office: &'a Office,
    ledger: LedgerId,
    count: usize,
    persons: usize,
    participants: Vec<Participant>,
    comments: Vec<Made>,
    /// Number of comments that were made in the window.
    made: usize,
    latest: Option<Document>,
    responded: BTreeSet<usize>,
    hidings: usize,
    appeals: usize,
    granted: usize,
    refusals: u64,
}

fn event(event: ConsultationEvent) -> Event {
    Event::Consultation(event)
}

impl<'a> Forum<'a> {
    pub(super) fn new(office: &'a Office, count: usize) -> Self {
        Self {
            office,
            ledger: office.calendar,
            count,
            persons: (count * 3 / 5).max(8),
            participants: Vec::new(),
            comments: Vec::new(),
            made: 0,
            latest: None,
            responded: BTreeSet::new(),
            hidings: 0,
            appeals: 0,
            granted: 0,
            refusals: 0,
        }
    }

    /// What happens on a day.
    pub(super) async fn day(&mut self, day: u32) -> Outcome {
        if day == DEFINED {
            self.define().await?;
        }
        if let Some(version) = VERSIONS.iter().position(|on| *on == day) {
            self.publish(version).await?;
        }
        if day == FIRST - 1 {
            // Somebody comes too early.
            self.enrol_next().await?;
            let early = self.speak(0, None, None, "Before it opens.").await;
            self.is_refused(early, "consultation.window")?;
        }
        if day == EXTENDED {
            self.extend().await?;
        }
        if (FIRST..=NEW_LAST).contains(&day) {
            let days = (NEW_LAST - FIRST + 1) as usize;
            let until = self.count * ((day - FIRST) as usize + 1) / days;
            while self.made < until {
                self.contribute().await?;
                self.made += 1;
            }
        }
        match day {
            LATE_DAY => self.come_late().await,
            THEMES_DAY => self.sort_into_themes().await,
            REPORT_DAY => self.report().await,
            ARCHIVE_DAY => self.archive().await,
            RIGHTS_DAY => self.rights_after_the_archive().await,
            _ => Ok(()),
        }
    }

    async fn sign(&self, key: &SigningKey, what: ConsultationEvent) -> Outcome<u64> {
        let at = self.office.sign(self.ledger, key, event(what)).await?;
        Ok(at.seq.as_u64())
    }

    fn commit(&self, text: &str) -> Outcome<Committed> {
        self.office.commit(self.ledger, text)
    }

    fn is_refused(&mut self, done: Result<u64, SubmitError>, code: &str) -> Outcome {
        match done {
            Err(error) => refused(Err(error), code)?,
            Ok(seq) => {
                return Err(Failure::internal(format!(
                    "entry {seq} should have been refused: {code}"
                )));
            }
        }
        self.refusals += 1;
        Ok(())
    }

    async fn define(&mut self) -> Outcome {
        let who = &self.office.officials;
        let [one, other] = &who.moderators;
        let grants = [
            (&who.owner, Role::ConsultationOwner),
            (one, Role::Moderator),
            (other, Role::Moderator),
        ];
        let name = ("Rules of public parks", "قواعد الحدائق العامة");
        self.ledger = self
            .office
            .register(Kind::Consultation, "park-rules", "parks", name, &grants)
            .await?;
        let choice = |en: &str, ar: &str| Choice {
            en: en.to_owned(),
            ar: ar.to_owned(),
        };
        let defined = ConsultationDefined {
            name_en: name.0.to_owned(),
            name_ar: name.1.to_owned(),
            languages: vec![1, 2],
            settings: Settings {
                first: number(FIRST),
                last: number(LAST),
                report_due: number(REPORT_DUE),
                late: LATE_REFUSED,
                categories: vec![1, 2],
                verified_only: true,
                owner_en: "Department of Parks".to_owned(),
                owner_ar: "إدارة الحدائق".to_owned(),
                officer_en: "Director of the department".to_owned(),
                officer_ar: "مدير الإدارة".to_owned(),
            },
            questions: vec![Question {
                text_en: "Should a visit cost something?".to_owned(),
                text_ar: "هل تكون الزيارة برسم؟".to_owned(),
                options: vec![choice("Yes", "نعم"), choice("No", "لا")],
                min: 1,
                max: 1,
            }],
        };
        self.sign(&who.owner, ConsultationEvent::ConsultationDefined(defined))
            .await?;
        Ok(())
    }

    async fn publish(&mut self, version: usize) -> Outcome {
        let clauses: Vec<Clause> = DRAFTS
            .iter()
            .filter_map(|draft| {
                let (number, en, ar) = draft.versions[version]?;
                let text = ClauseText {
                    en: en.to_owned(),
                    ar: ar.to_owned(),
                };
                Some(Clause {
                    id: draft.id.to_owned(),
                    number: number.to_owned(),
                    text,
                })
            })
            .collect();
        let bytes = Document::write(&clauses);
        let moves = MOVES[version].iter().map(|(from, to)| Move {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
        });
        let published = DocumentPublished {
            version: u32::try_from(version + 1).map_err(Failure::internal)?,
            document: self.office.engine.put_content(&bytes)?,
            moves: moves.collect(),
        };
        let owner = &self.office.officials.owner;
        self.sign(owner, ConsultationEvent::DocumentPublished(published))
            .await?;
        self.latest = Some(Document::parse(&bytes, &[1, 2]).map_err(Failure::internal)?);
        Ok(())
    }

    /// The window is extended while it is open, and late comments will be taken.
    async fn extend(&mut self) -> Outcome {
        let handle = self.office.engine.ledgers().find(&self.ledger);
        let before = handle
            .and_then(|h| h.with_head(|head| head.state.as_consultation()?.state().settings().cloned()));
        let before = before.ok_or_else(|| Failure::internal("a consultation without settings"))?;
        let changed = SettingsChanged {
            after: Settings {
                last: number(NEW_LAST),
                late: LATE_NOT_COUNTED,
                ..before.clone()
            },
            before,
            reason: "The holiday came later than reckoned.".to_owned(),
        };
        let owner = &self.office.officials.owner;
        self.sign(owner, ConsultationEvent::SettingsChanged(changed))
            .await?;
        Ok(())
    }

    /// One person more: every fifth has no key.
    async fn enrol_next(&mut self) -> Outcome {
        let n = self.participants.len();
        let person = self.office.person(&self.ledger, &who(n))?;
        let key = (n % 5 != 4).then(|| SigningKey::generate(&mut rand::rng()));
        let enrolled = ParticipantEnrolled {
            person,
            key: key.as_ref().map(SigningKey::key_id),
            category: if n % 4 == 3 { 2 } else { 1 },
            verified: true,
        };
        let enrolled = event(ConsultationEvent::ParticipantEnrolled(enrolled));
        self.office.serve(self.ledger, enrolled).await?;
        self.participants.push(Participant { person, key });
        Ok(())
    }

    /// Hands in what a person says: signed by their key, or attested.
    async fn hand_in(
        &self,
        by: usize,
        signed: impl FnOnce() -> ConsultationEvent,
        attested: impl FnOnce(Person) -> ConsultationEvent,
    ) -> Result<u64, SubmitError> {
        let Participant { person, key } = &self.participants[by];
        let at = match key {
            Some(key) => self.office.sign(self.ledger, key, event(signed())).await?,
            None => self.office.serve(self.ledger, event(attested(*person))).await?,
        };
        Ok(at.seq.as_u64())
    }

    async fn speak(
        &self,
        by: usize,
        reply_to: Option<u64>,
        clause: Option<OnClause>,
        text: &str,
    ) -> Result<u64, SubmitError> {
        let text = self
            .office
            .engine
            .commit_content(&self.ledger, text.as_bytes())
            .map_err(|e| SubmitError::Unavailable(e.to_string()))?;
        self.say_committed(by, reply_to, clause, text).await
    }

    async fn say_committed(
        &self,
        by: usize,
        reply_to: Option<u64>,
        clause: Option<OnClause>,
        text: Committed,
    ) -> Result<u64, SubmitError> {
        let made = CommentMade {
            reply_to,
            clause: clause.clone(),
            text,
        };
        self.hand_in(
            by,
            || ConsultationEvent::CommentMade(made),
            |person| {
                ConsultationEvent::CommentAttested(CommentAttested {
                    person,
                    reply_to,
                    clause,
                    text,
                    record: None,
                })
            },
        )
        .await
    }

    /// The next comment, by somebody who is enrolled for it if they are new, and what moderators make of an earlier one.
    async fn contribute(&mut self) -> Outcome {
        let n = self.made;
        let by = if n < self.persons {
            n
        } else {
            (n * 7 + 3) % self.persons
        };
        while self.participants.len() <= by {
            self.enrol_next().await?;
        }
        let parent = (n % 4 == 3).then(|| if n % 16 == 15 { n - 4 } else { n - 2 });
        let parent = parent
            .and_then(|p| self.comments.get(p))
            .filter(|c| c.is_visible());
        let parent = parent.map(|c| c.seq);
        let (clause, theme) = match parent {
            Some(_) => (None, None),
            None if n.is_multiple_of(9) => (None, Some("general")),
            None => self.clause(n)?,
        };
        let text = self.commit(&texts::comment(n))?;
        let seq = self.say_committed(by, parent, clause, text).await?;
        self.comments.push(Made {
            seq,
            by,
            text,
            theme,
            is_late: false,
            is_hidden: false,
            is_withdrawn: false,
        });
        if self.responded.insert(by) || n.is_multiple_of(11) {
            self.respond(by, n).await?;
        }
        match n % 31 {
            9 | 24 => self.moderate(n - 6).await,
            17 => self.withdraw(n - 3).await,
            _ => Ok(()),
        }
    }

    /// A clause of the latest version, with its first word quoted by some.
    fn clause(&self, n: usize) -> Outcome<(Option<OnClause>, Option<&'static str>)> {
        let latest = self
            .latest
            .as_ref()
            .ok_or_else(|| Failure::internal("no document"))?;
        let clauses = latest.clauses();
        let clause = &clauses[(n * 5 + 1) % clauses.len()];
        let draft = DRAFTS.iter().find(|d| d.id == clause.id);
        let hash = latest.clause(&clause.id).map(|(_, hash)| *hash);
        let version = VERSIONS.len().min(self.version());
        let word = clause.text.ar.split(' ').next().unwrap_or_default();
        let quote = Quote {
            language: 1,
            start: 0,
            length: u32::try_from(word.len()).map_err(Failure::internal)?,
        };
        let on = OnClause {
            version: u32::try_from(version).map_err(Failure::internal)?,
            clause: clause.id.clone(),
            hash: hash.unwrap_or_default(),
            quote: (n % 6 == 1).then_some(quote),
        };
        Ok((Some(on), draft.map(|d| d.theme)))
    }

    /// The number of the latest version.
    fn version(&self) -> usize {
        let latest = self.latest.as_ref().map_or(&[][..], Document::clauses);
        let is = |version: &usize| {
            let all = DRAFTS.iter().filter_map(|d| d.versions[*version]);
            all.map(|(_, en, _)| en)
                .eq(latest.iter().map(|c| c.text.en.as_str()))
        };
        (0..VERSIONS.len()).find(is).map_or(0, |version| version + 1)
    }

    async fn respond(&self, by: usize, n: usize) -> Outcome {
        let bytes = Answers::new(vec![vec![u16::from(n.is_multiple_of(3))]]).to_bytes();
        let answers = self.office.engine.commit_content(&self.ledger, &bytes)?;
        self.hand_in(
            by,
            || ConsultationEvent::ResponseGiven(ResponseGiven { answers }),
            |person| {
                ConsultationEvent::ResponseAttested(ResponseAttested {
                    person,
                    answers,
                    record: None,
                })
            },
        )
        .await?;
        Ok(())
    }

    /// Moderators hide a comment in turn. Of five such authors one leaves it, one is restored unasked, three appeal: to
    /// the other moderator, who grants two of three.
    async fn moderate(&mut self, target: usize) -> Outcome {
        let Some(made) = self.comments.get(target).filter(|c| c.is_visible()) else {
            return Ok(());
        };
        let (comment, by) = (made.seq, made.by);
        let n = self.hidings;
        self.hidings += 1;
        let moderators = &self.office.officials.moderators;
        let (first, second) = if n.is_multiple_of(2) {
            (&moderators[0], &moderators[1])
        } else {
            (&moderators[1], &moderators[0])
        };
        let code = u8::try_from(n % 7 + 1).map_err(Failure::internal)?;
        let note = Some(self.commit("A moderator explains to the author why.")?);
        let hidden = ConsultationEvent::CommentHidden(CommentHidden { comment, code, note });
        self.sign(first, hidden).await?;
        self.comments[target].is_hidden = true;
        match n % 5 {
            1 => {
                let restored = ConsultationEvent::CommentRestored(CommentRestored { comment });
                self.sign(first, restored).await?;
                self.comments[target].is_hidden = false;
            }
            0 | 2 | 3 => {
                let statement = self.commit("The author says why it should be read.")?;
                self.hand_in(
                    by,
                    || ConsultationEvent::AppealFiled(AppealFiled { comment, statement }),
                    |person| {
                        ConsultationEvent::AppealAttested(AppealAttested {
                            person,
                            comment,
                            statement,
                        })
                    },
                )
                .await?;
                self.appeals += 1;
                let is_granted = n % 5 != 3;
                let decided = |note| {
                    event(ConsultationEvent::AppealDecided(AppealDecided {
                        comment,
                        decision: if is_granted { 2 } else { 1 },
                        note,
                    }))
                };
                if n == 0 {
                    // Not by whoever hid it.
                    let own = self.office.sign(self.ledger, first, decided(None)).await;
                    self.is_refused(own.map(|at| at.seq.as_u64()), "consultation.moderation")?;
                }
                let note = Some(self.commit("The second moderator explains.")?);
                self.office.sign(self.ledger, second, decided(note)).await?;
                if is_granted {
                    self.granted += 1;
                    self.comments[target].is_hidden = false;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn withdraw(&mut self, target: usize) -> Outcome {
        let Some(made) = self.comments.get(target).filter(|c| !c.is_withdrawn) else {
            return Ok(());
        };
        let comment = made.seq;
        self.hand_in(
            made.by,
            || ConsultationEvent::CommentWithdrawn(CommentWithdrawn { comment }),
            |person| ConsultationEvent::WithdrawalAttested(WithdrawalAttested { person, comment }),
        )
        .await?;
        self.comments[target].is_withdrawn = true;
        Ok(())
    }

    /// After the close: comments are taken as late, responses are not; a visitor is not admitted.
    async fn come_late(&mut self) -> Outcome {
        for n in 0..(self.count / 50).max(2) {
            let by = n % self.participants.len();
            let text = self.commit(&texts::comment(self.count + n))?;
            let seq = self.say_committed(by, None, None, text).await?;
            self.comments.push(Made {
                seq,
                by,
                text,
                theme: None,
                is_late: true,
                is_hidden: false,
                is_withdrawn: false,
            });
        }
        let bytes = Answers::new(vec![vec![0]]).to_bytes();
        let answers = self.office.engine.commit_content(&self.ledger, &bytes)?;
        let late = self
            .hand_in(
                0,
                || ConsultationEvent::ResponseGiven(ResponseGiven { answers }),
                |person| {
                    ConsultationEvent::ResponseAttested(ResponseAttested {
                        person,
                        answers,
                        record: None,
                    })
                },
            )
            .await;
        self.is_refused(late, "consultation.window")?;
        let visitor = event(ConsultationEvent::ParticipantEnrolled(ParticipantEnrolled {
            person: self.office.person(&self.ledger, "REHEARSAL-VISITOR")?,
            key: None,
            category: 3,
            verified: true,
        }));
        let visitor = self.office.serve(self.ledger, visitor).await;
        self.is_refused(visitor.map(|at| at.seq.as_u64()), "consultation.eligibility")
    }

    /// Every root that counts comes into a theme; the owner answers some.
    async fn sort_into_themes(&mut self) -> Outcome {
        let owner = &self.office.officials.owner;
        for (theme, name_en, name_ar) in THEMES {
            let defined = ConsultationEvent::ThemeDefined(ThemeDefined {
                theme: theme.to_owned(),
                name_en: name_en.to_owned(),
                name_ar: name_ar.to_owned(),
            });
            self.sign(owner, defined).await?;
            let members = self
                .comments
                .iter()
                .filter(|c| c.theme == Some(theme) && c.is_visible());
            let added: Vec<u64> = members.map(|c| c.seq).collect();
            if added.is_empty() {
                continue;
            }
            let assigned = ConsultationEvent::CommentsAssigned(CommentsAssigned {
                theme: theme.to_owned(),
                added,
                removed: Vec::new(),
            });
            self.sign(owner, assigned).await?;
        }
        let visible: Vec<u64> = self
            .comments
            .iter()
            .filter(|c| c.is_visible())
            .map(|c| c.seq)
            .collect();
        for to in visible.chunks(ANSWERED).take(ANSWERS) {
            let text = self.commit("Thank you. We have changed the draft where we could.")?;
            let answer = AnswerGiven {
                to: to.to_vec(),
                text,
            };
            self.sign(owner, ConsultationEvent::AnswerGiven(answer)).await?;
        }
        Ok(())
    }

    async fn report(&mut self) -> Outcome {
        let owner = &self.office.officials.owner;
        let early = event(ConsultationEvent::ConsultationArchived(ConsultationArchived {}));
        let early = self.office.sign(self.ledger, owner, early).await;
        self.is_refused(early.map(|at| at.seq.as_u64()), "consultation.report")?;
        let mut outcomes = Vec::new();
        for ((theme, _, _), outcome) in THEMES.into_iter().zip([2, 3, 1, 1]) {
            outcomes.push(sijill_registers::consultation::events::Outcome {
                theme: theme.to_owned(),
                outcome,
                reason: self.commit("Because of what we heard, and of what it costs.")?,
            });
        }
        let report = self.commit("What we heard: five riyals, not ten; open until 23; bicycles on paths.")?;
        let published = ReportPublished { report, outcomes };
        let owner = &self.office.officials.owner;
        self.sign(owner, ConsultationEvent::ReportPublished(published))
            .await?;
        // From now on nothing is taken any more.
        let late = self.speak(0, None, None, "After the report.").await;
        self.is_refused(late, "consultation.window")
    }

    async fn archive(&mut self) -> Outcome {
        let owner = &self.office.officials.owner;
        let archived = ConsultationEvent::ConsultationArchived(ConsultationArchived {});
        self.sign(owner, archived).await?;
        Ok(())
    }

    /// The rights of an author do not end with the archive: one withdraws, three are erased by two members of the commission.
    async fn rights_after_the_archive(&mut self) -> Outcome {
        let at = self
            .comments
            .iter()
            .position(|c| c.theme.is_some() && c.is_visible());
        if let Some(at) = at {
            self.withdraw(at).await?;
        }
        let mut commitments: Vec<[u8; 32]> = self.erased().map(|c| c.text.commitment).collect();
        commitments.sort_unstable();
        let who = &self.office.officials;
        let order = Event::Register(RegisterEvent::ErasureOrdered(ErasureOrdered {
            commitments,
            basis: "Law of the rehearsal on personal data".to_owned(),
        }));
        let order = self
            .office
            .engine
            .sign_as(&who.commission, self.ledger, &order, &[])?;
        self.office.engine.submit_signed(&order).await?;
        let confirmed = Event::Register(RegisterEvent::ErasureConfirmed(ErasureConfirmed {
            order: order.hash(),
        }));
        self.office.sign(self.ledger, &who.second, confirmed).await?;
        Ok(())
    }

    fn erased(&self) -> impl Iterator<Item = &Made> {
        self.comments.iter().skip(2).step_by(3).take(3)
    }

    /// Publishes the moderation log, compares the ledger with what was played, and says what became of it.
    pub(super) async fn end(&self) -> Outcome {
        let engine = &self.office.engine;
        engine.publish_moderation_log(self.ledger).await?;
        let gone = || Failure::internal("a consultation that is gone");
        let handle = engine.ledgers().find(&self.ledger).ok_or_else(gone)?;
        let (counts, report, orphaned, followed) = handle
            .with_head(|head| {
                let register = head.state.as_consultation()?;
                let calendar = register.calendar(engine.ledgers()).ok()?;
                let reading = register.state().read(&calendar);
                let clauses = reading.clauses();
                let all = clauses.clauses.iter().flat_map(|c| &c.comments);
                let followed = all.filter(|(_, placed)| placed.made_on.is_some()).count();
                Some((
                    reading.counts(),
                    reading.report_state(),
                    clauses.orphaned.len(),
                    followed,
                ))
            })
            .ok_or_else(gone)?;
        let count = |wanted: fn(&Made) -> bool| self.comments.iter().filter(|c| wanted(c)).count() as u64;
        same("comments", counts.comments, self.comments.len() as u64)?;
        same(
            "hidden comments",
            counts.hidden,
            count(|c| c.is_hidden && !c.is_withdrawn),
        )?;
        same("withdrawn comments", counts.withdrawn, count(|c| c.is_withdrawn))?;
        same("late comments", counts.late, count(|c| c.is_late))?;
        same(
            "comments that count",
            counts.counted,
            count(|c| c.is_visible() && !c.is_late),
        )?;
        same("erased comments", counts.erased, self.erased().count() as u64)?;
        same("responses", counts.responses, self.responded.len() as u64)?;
        same(
            "participants",
            counts.participants,
            self.participants.len() as u64,
        )?;
        say!(
            "   {} comments by {} people on three versions of a draft: {} followed their clause to the last one, {} lost it \
             and are listed.",
            counts.comments,
            counts.participants,
            followed,
            orphaned
        );
        say!(
            "   {} hidings, {} appeals to another moderator, {} granted; {} hidden, {} withdrawn, {} late, {} erased; {} \
             count.",
            self.hidings,
            self.appeals,
            self.granted,
            counts.hidden,
            counts.withdrawn,
            counts.late,
            counts.erased,
            counts.counted
        );
        say!(
            "   {} people answered the question, each counted once; report {}, archived; {} attempts refused: too early, too \
             late, not admitted, by the wrong moderator.",
            counts.responses,
            report.map_or("missing", |r| r.name()),
            self.refusals
        );
        Ok(())
    }
}
