//! The read models of an installation, brought up to its ledgers. Spec: specs/operations.md §17.

use sijill_boards::{BoardError, Boards};
use sijill_engine::Engine;
use sijill_engine::boards::{FollowError, Followed, delete_boards, open_boards};
use sijill_ledger::LedgerId;

use crate::error::{Failure, Outcome};
use crate::site::Site;

/// Of every register.
pub(crate) async fn follow(site: &Site, engine: &Engine) -> Outcome<(Boards, Vec<Followed>)> {
    let mut boards = open_boards(&site.boards())?;
    let followed = engine.follow_boards(&mut boards).await?;
    Ok((boards, followed))
}

/// Of one register.
pub(crate) async fn follow_one(site: &Site, engine: &Engine, ledger: LedgerId) -> Outcome<Boards> {
    let mut boards = open_boards(&site.boards())?;
    engine.follow_board(ledger, &mut boards).await?;
    Ok(boards)
}

/// After an erasure: no word of what was erased stays in the read models. What cannot be brought up to the ledgers is deleted, and made
/// anew when it is next read.
pub(crate) async fn forget(site: &Site, engine: &Engine) -> Outcome {
    let path = site.boards();
    if !path.exists() || follow(site, engine).await.is_ok() {
        return Ok(());
    }
    delete_boards(&path).map_err(|error| {
        let problem = format!("{}: {error}", path.display());
        Failure::failed(problem, "delete the file: words of what was erased are in it").code("boards.file")
    })
}

/// Of every register, from nothing.
pub(crate) async fn rebuild(site: &Site, engine: &Engine) -> Outcome<(Boards, Vec<Followed>)> {
    let path = site.boards();
    delete_boards(&path).map_err(|error| {
        let problem = format!("{}: {error}", path.display());
        Failure::failed(problem, "see who holds the file, then run the command again").code("boards.file")
    })?;
    follow(site, engine).await
}

impl From<BoardError> for Failure {
    fn from(error: BoardError) -> Self {
        match error {
            BoardError::NoWord | BoardError::TooLong => {
                Self::usage(error.to_string(), "give words that stand in what you look for")
                    .code("search.query")
                    .in_arabic("اكتب كلمة واحدة على الأقل، و32 كلمة على الأكثر.")
            }
            BoardError::Cursor => {
                Self::usage(error.to_string(), "give --from as `next` said it").code("boards.cursor")
            }
            BoardError::Register(rejection) => rejection.into(),
            error => Self::failed(
                error.to_string(),
                "the ledgers are not touched; `sijill views rebuild` makes the read models again",
            )
            .code("boards.file"),
        }
    }
}

impl From<FollowError> for Failure {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Boards(error) => error.into(),
            FollowError::Engine(error) => error.into(),
            error => Self::failed(error.to_string(), "nothing was changed; run the command again")
                .code("boards.follow"),
        }
    }
}
