//! Letters: what requesters and third parties hand in, and what they are written. Sealed under keys of their own in the
//! vault of persons. Spec: specs/operations.md §15.

use std::path::Path;

use sijill_engine::persons::{PersonsError, Whose};
use sijill_ledger::{Committed, LedgerId};
use sijill_registers::foi::events::Letter;

use super::arguments::Paper;
use super::desk::Desk;
use crate::commands::calendar::{calendar, day, number};
use crate::error::{Failure, Outcome};
use crate::persons;
use crate::site::read_bounded;
use crate::taken;

impl Desk<'_> {
    /// Whose a request is. Letters about one whose first letter was erased belong to nobody who is known.
    pub(super) async fn requester(&self, ledger: LedgerId, request: u64) -> Outcome<Whose<'static>> {
        match self.engine().requester(ledger, request).await {
            Ok(subject) => Ok(Whose::Subject(subject)),
            Err(PersonsError::Forgotten) => Ok(Whose::Unnamed),
            Err(error) => Err(error.into()),
        }
    }

    /// Whose a hearing is.
    pub(super) async fn third_party(&self, ledger: LedgerId, consultation: u64) -> Outcome<Whose<'static>> {
        match self.engine().third_party(ledger, consultation).await {
            Ok(subject) => Ok(Whose::Subject(subject)),
            Err(PersonsError::Forgotten) => Ok(Whose::Unnamed),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps the texts of these files as letters of a person, and the scan of what came on paper.
    pub(super) fn letters<const N: usize>(
        &self,
        ledger: LedgerId,
        whose: Whose<'_>,
        texts: [&Path; N],
        paper: &Paper,
    ) -> Outcome<([Committed; N], Option<Letter>)> {
        let mut contents = texts.into_iter().map(text_of).collect::<Outcome<Vec<_>>>()?;
        let received_on = match (&paper.received_on, &paper.scan) {
            (Some(on), Some(scan)) => {
                contents.push(taken::document(scan)?.0);
                Some(number(day(on)?))
            }
            _ => None,
        };
        let mut kept = self.keep(ledger, whose, &contents)?;
        let letter = received_on
            .zip(kept.get(N).copied())
            .map(|(received_on, scan)| Letter { received_on, scan });
        kept.truncate(N);
        let kept = kept
            .try_into()
            .map_err(|_| Failure::internal("letters that were not kept"))?;
        Ok((kept, letter))
    }

    /// Keeps the texts of these files as letters of a person.
    pub(super) fn kept<const N: usize>(
        &self,
        ledger: LedgerId,
        whose: Whose<'_>,
        texts: [&Path; N],
    ) -> Outcome<[Committed; N]> {
        let contents = texts.into_iter().map(text_of).collect::<Outcome<Vec<_>>>()?;
        let kept = self.keep(ledger, whose, &contents)?;
        kept.try_into()
            .map_err(|_| Failure::internal("letters that were not kept"))
    }

    /// Keeps the text of a file as a letter of a person.
    pub(super) fn letter_to(&self, ledger: LedgerId, whose: Whose<'_>, path: &Path) -> Outcome<Committed> {
        let [kept] = self.kept(ledger, whose, [path])?;
        Ok(kept)
    }

    fn keep(&self, ledger: LedgerId, whose: Whose<'_>, contents: &[Vec<u8>]) -> Outcome<Vec<Committed>> {
        if contents.is_empty() {
            return Ok(Vec::new());
        }
        let (root, _) = calendar(self.engine())?;
        let mut persons = persons::open_or_new(&self.site, self.common.passphrases(), root)?;
        let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
        let (_, kept) = self
            .engine()
            .keep_letters(&mut persons, None, whose, &ledger, &contents)?;
        Ok(kept)
    }
}

/// The text of a file.
fn text_of(path: &Path) -> Outcome<Vec<u8>> {
    let text = String::from_utf8(read_bounded(path)?).map_err(|_| {
        Failure::refused(
            format!("{} is not UTF-8 text", path.display()),
            "save it as UTF-8 and try again",
        )
        .code("file.encoding")
    })?;
    sijill_rules::check_prose(&text).map_err(|problem| {
        Failure::refused(
            format!("{}: the text {problem}", path.display()),
            "write a text of 1 to 65536 bytes without control characters",
        )
        .code("opening.form")
    })?;
    Ok(text.into_bytes())
}
