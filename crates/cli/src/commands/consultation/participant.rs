//! What participants do, and the intake service for those without a key: take part, comment, withdraw, appeal, respond.

use std::path::Path;

use serde_json::json;
use sijill_ledger::{KeyId, LedgerId};
use sijill_registers::consultation::PersonRecord;
use sijill_registers::consultation::document::{ARABIC, Answers, Document, ENGLISH};
use sijill_registers::consultation::events::{
    AppealAttested, AppealFiled, CommentAttested, CommentMade, CommentWithdrawn, ConsultationEvent, OnClause,
    ParticipantChanged, ParticipantEnrolled, Quote, ResponseAttested, ResponseGiven, WithdrawalAttested,
};
use sijill_rules::{parse_number, western_digits};

use super::arguments::{ChangeArgs, CommentArgs, EnrolArgs, QuoteLanguage, Voice};
use super::desk::{Desk, done, number};
use crate::commands::public_key;
use crate::error::{Failure, Outcome};
use crate::render::{escape, say};

impl Desk<'_> {
    pub(super) async fn enrol(&self, ledger: LedgerId, args: &EnrolArgs) -> Outcome {
        let event = ParticipantEnrolled {
            person: self.person(ledger, &args.person)?,
            key: args.participant_key.as_deref().map(public_key).transpose()?,
            category: args.category.code(),
            verified: args.verified,
        };
        let person = event.person;
        let at = self
            .serve(ledger, ConsultationEvent::ParticipantEnrolled(event))
            .await
            .map_err(super::citizen::refused)?;
        let number = self.state(ledger, |state| state.person(&person).map(|p| p.number))?;
        let what = format!("participant {} is enrolled", number.unwrap_or_default());
        done(&args.consultation, &what, &at, json!({ "participant": number }))
    }

    pub(super) async fn change(&self, ledger: LedgerId, args: &ChangeArgs) -> Outcome {
        let person = self.person(ledger, &args.person)?;
        let before = self.state(ledger, |state| state.person(&person).cloned())?;
        let before: PersonRecord = before.ok_or_else(missing_participant)?;
        let key: Option<KeyId> = match &args.participant_key {
            Some(key) => Some(public_key(key)?),
            None if args.without_key => None,
            None => before.key,
        };
        let event = ConsultationEvent::ParticipantChanged(ParticipantChanged {
            person,
            before: before.since,
            key,
            category: args.category.map_or(before.category, |c| c.code()),
            verified: args.verified.unwrap_or(before.verified),
        });
        let at = self.serve(ledger, event).await.map_err(super::citizen::refused)?;
        let what = format!("participant {} is changed", before.number);
        done(
            &args.consultation,
            &what,
            &at,
            json!({ "participant": before.number }),
        )
    }

    pub(super) async fn say_something(&self, ledger: LedgerId, args: &CommentArgs) -> Outcome {
        let text = self.text(&args.text)?;
        let said = self.comment_on(ledger, args, &text).await;
        self.keep(&args.consultation, &text, said)
    }

    async fn comment_on(&self, ledger: LedgerId, args: &CommentArgs, text: &str) -> Outcome {
        let speaks = self.speaks(ledger, &args.voice)?;
        let reply_to = args.reply_to.as_deref().map(number).transpose()?;
        let clause = match &args.clause {
            None => None,
            Some(clause) => Some(self.on_clause(ledger, clause, args)?),
        };
        let record = self.commit_record(ledger, args.record.as_deref())?;
        let text = self.commit(ledger, text)?;
        let made = clause.clone();
        let at = self
            .speak(
                ledger,
                &speaks,
                || {
                    ConsultationEvent::CommentMade(CommentMade {
                        reply_to,
                        clause: made,
                        text,
                    })
                },
                |person| {
                    ConsultationEvent::CommentAttested(CommentAttested {
                        person,
                        reply_to,
                        clause,
                        text,
                        record,
                    })
                },
            )
            .await?;
        let seq = at.seq.as_u64();
        let folder = self.site.receipts();
        let receipt = self.receipt(&args.consultation, ledger, seq, &folder).await?;
        say!("Your comment has the number {seq}. رقم تعليقك {seq}.");
        say!("Receipt: {}", receipt.display());
        done(
            &args.consultation,
            "the comment stands",
            &at,
            json!({ "comment": seq, "receipt": receipt }),
        )
    }

    /// A clause of the latest version, and words of it.
    fn on_clause(&self, ledger: LedgerId, clause: &str, args: &CommentArgs) -> Outcome<OnClause> {
        let found = self.state(ledger, |state| {
            let (version, document) = state.latest()?;
            let (found, hash) = document.clause(clause)?;
            Some((version, found.text.clone(), *hash))
        })?;
        let (version, text, hash) = found.ok_or_else(|| {
            Failure::refused(
                format!("the latest version has no clause {}", escape(clause)),
                "`sijill consultation show --view clauses` lists the clauses with their ids",
            )
            .code("consultation.clause")
            .in_arabic("ليست هذه المادة في آخر إصدار من الوثيقة؛ اقرأه ثم أرسل تعليقك من جديد.")
        })?;
        let quote = match &args.quote {
            None => None,
            Some(words) => {
                let languages = match args.language {
                    Some(QuoteLanguage::Ar) => &[ARABIC][..],
                    Some(QuoteLanguage::En) => &[ENGLISH],
                    None => &[ARABIC, ENGLISH],
                };
                let place = languages.iter().find_map(|language| {
                    let start = text.in_language(*language)?.find(words.as_str())?;
                    Some(Quote {
                        language: *language,
                        start: u32::try_from(start).ok()?,
                        length: u32::try_from(words.len()).ok()?,
                    })
                });
                Some(place.filter(|quote| quote.length > 0).ok_or_else(|| {
                    Failure::refused(
                        "the quoted words do not stand in the clause",
                        "copy them from the clause as they stand there",
                    )
                    .code("consultation.clause")
                    .in_arabic("ليست هذه الكلمات في المادة؛ انسخها كما هي.")
                })?)
            }
        };
        Ok(OnClause {
            version,
            clause: clause.to_owned(),
            hash,
            quote,
        })
    }

    pub(super) async fn withdraw(&self, id: &str, ledger: LedgerId, comment: &str, voice: &Voice) -> Outcome {
        let (comment, ()) = self.comment(ledger, comment, |_| ())?;
        let speaks = self.speaks(ledger, voice)?;
        let at = self
            .speak(
                ledger,
                &speaks,
                || ConsultationEvent::CommentWithdrawn(CommentWithdrawn { comment }),
                |person| ConsultationEvent::WithdrawalAttested(WithdrawalAttested { person, comment }),
            )
            .await?;
        say!("سُحب التعليق {comment}؛ تبقى الردود في مكانها.");
        let what = format!("comment {comment} is withdrawn; replies stay where they are");
        done(id, &what, &at, json!({ "comment": comment }))
    }

    pub(super) async fn appeal(
        &self,
        id: &str,
        ledger: LedgerId,
        comment: &str,
        statement: &Path,
        voice: &Voice,
    ) -> Outcome {
        let (comment, ()) = self.comment(ledger, comment, |_| ())?;
        let text = self.text(statement)?;
        let speaks = self.speaks(ledger, voice)?;
        let statement = self.commit(ledger, &text)?;
        let filed = self
            .speak(
                ledger,
                &speaks,
                || ConsultationEvent::AppealFiled(AppealFiled { comment, statement }),
                |person| {
                    ConsultationEvent::AppealAttested(AppealAttested {
                        person,
                        comment,
                        statement,
                    })
                },
            )
            .await;
        let at = self.keep(id, &text, filed)?;
        say!("سُجّل تظلمك بشأن التعليق {comment}، ويبتّ فيه مشرف آخر.");
        let what = format!("the appeal for comment {comment} is filed; another moderator decides");
        done(id, &what, &at, json!({ "comment": comment }))
    }

    pub(super) async fn respond(
        &self,
        id: &str,
        ledger: LedgerId,
        answers: &[String],
        record: Option<&Path>,
        voice: &Voice,
    ) -> Outcome {
        let questions = self.state(ledger, |state| {
            state
                .definition()
                .map(|d| d.questions.clone())
                .unwrap_or_default()
        })?;
        let bytes = Answers::new(chosen(answers, questions.len())?).to_bytes();
        Answers::parse(&bytes, &questions).map_err(|problem| {
            Failure::refused(
                format!("the answers: {problem}"),
                "`sijill consultation show` has the questions with their options",
            )
            .code("consultation.response")
            .in_arabic("لا توافق الإجابات أسئلة المشاورة؛ صحّحها ثم أرسلها من جديد.")
        })?;
        let speaks = self.speaks(ledger, voice)?;
        let record = self.commit_record(ledger, record)?;
        let answers = self.engine().commit_content(&ledger, &bytes)?;
        let at = self
            .speak(
                ledger,
                &speaks,
                || ConsultationEvent::ResponseGiven(ResponseGiven { answers }),
                |person| {
                    ConsultationEvent::ResponseAttested(ResponseAttested {
                        person,
                        answers,
                        record,
                    })
                },
            )
            .await?;
        let seq = at.seq.as_u64();
        let receipt = self.receipt(id, ledger, seq, &self.site.receipts()).await?;
        say!("سُجّلت إجاباتك؛ تُحتسب آخر إجابات لك قبل الإغلاق.");
        let what = "the answers stand; the last ones before the close count";
        done(id, what, &at, json!({ "receipt": receipt }))
    }
}

/// The options chosen for each question, from 0, of texts like `1=2` or `3=1,4`, from 1.
fn chosen(answers: &[String], questions: usize) -> Outcome<Vec<Vec<u16>>> {
    let mut all = vec![Vec::new(); questions];
    for answer in answers {
        let bad = |help: &'static str| {
            Failure::usage(format!("{} is no answer", escape(answer)), help)
                .code("participant.answer")
                .in_arabic("اكتب رقم السؤال ثم = ثم أرقام الخيارات، مثل ٣=١,٤")
        };
        let western = western_digits(answer).replace('،', ",");
        let form =
            "write the number of the question, an equals sign and the numbers of the options, such as 3=1,4";
        let (question, options) = western.split_once('=').ok_or_else(|| bad(form))?;
        let from_one = |text: &str| parse_number(text).and_then(|n| n.checked_sub(1));
        let question = from_one(question).and_then(|n| usize::try_from(n).ok());
        let place = question.and_then(|n| all.get_mut(n));
        let place = place.ok_or_else(|| bad("the consultation has no question of this number"))?;
        if !place.is_empty() {
            return Err(bad("name each question once"));
        }
        for option in options.split(',') {
            let option = from_one(option).and_then(|n| u16::try_from(n).ok());
            place.push(option.ok_or_else(|| bad(form))?);
        }
        place.sort_unstable();
    }
    Ok(all)
}

fn missing_participant() -> Failure {
    Failure::refused(
        "this person is not enrolled",
        "`sijill consultation enrol` enrols a person",
    )
    .code("consultation.participant")
    .in_arabic("هذا الشخص غير مسجَّل في هذه المشاورة.")
}

/// Where a clause stands in a version, for whoever reads the number.
pub(super) fn clause_number(document: &Document, clause: &str) -> Option<String> {
    document.clause(clause).map(|(found, _)| found.number.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_typed_in_either_script() {
        let typed = |all: &[&str]| {
            let all: Vec<String> = all.iter().map(|&a| a.to_owned()).collect();
            chosen(&all, 3)
        };
        assert_eq!(typed(&["1=2", "٣=٤،١"]).unwrap(), [vec![1], vec![], vec![0, 3]]);
        for bad in [
            &["1"][..],
            &["4=1"],
            &["0=1"],
            &["1=0"],
            &["1=x"],
            &["1=1", "1=2"],
        ] {
            assert!(typed(bad).is_err(), "{bad:?}");
        }
    }
}
