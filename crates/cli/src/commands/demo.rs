//! `sijill demo`

use std::path::PathBuf;

use clap::Args;

use super::Common;
use crate::demo::{Demo, FEWEST_VOTERS, Size};
use crate::error::{Failure, Outcome};
use crate::stores::Place;

/// Arguments of `sijill demo`.
#[derive(Debug, Args)]
#[command(
    long_about = "Run a referendum, a council election and a jurisdiction with invented people in a fresh folder, and verify them.\n\n\
    Makes all keys, registers the roll, issues credentials, lets every voter's device encrypt and cast (some vote \
    again, some open a ballot to audit it, some vote on paper, some abstain), closes, seals, lets the trustees verify \
    and decrypt, declares the results, publishes, lets the commission certify, and verifies. In the council election \
    the trustees make their key in a ceremony, and one of them stays away from the count. A simulated clock goes through the polling day.\n\n\
    Then a jurisdiction: two authorities answer requests for information for a year, and hold a consultation on a draft in three \
    versions, with moderation, appeals, a report and an archive; published and verified.\n\n\
    A folder with an interrupted or finished demonstration is left alone unless --again is given; any other folder \
    that is not empty is never touched."
)]
pub(crate) struct DemoArgs {
    /// Number of invented voters of the referendum, or of --file [default: the 1,000 of the fixture]
    #[arg(long, value_name = "N", conflicts_with = "roll",
          value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_VOTERS)..=1_000_000))]
    voters: Option<u32>,
    /// An election file instead of the built-in events; it must be a rehearsal
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A rule pack instead of the built-in one that the election file names
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// A roll instead of the built-in one
    #[arg(long, value_name = "FILE")]
    roll: Option<PathBuf>,
    /// Number of requests for information in the year of the jurisdiction
    #[arg(long, value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(20..=2_000))]
    requests: u32,
    /// Number of comments in its consultation
    #[arg(long, value_name = "N", default_value_t = 500,
          value_parser = clap::value_parser!(u32).range(40..=4_000))]
    comments: u32,
    /// Start over: delete what an earlier demonstration has left in this folder
    #[arg(long)]
    again: bool,
    /// Keep the events in KurrentDB, such as kurrentdb://user@db.example, each event in a new namespace
    #[arg(long, value_name = "STORE", value_parser = super::init::kurrentdb)]
    store: Option<Place>,
}

/// Runs `sijill demo`.
pub(crate) async fn run(args: &DemoArgs, common: &Common) -> Outcome {
    if common.clock()?.is_simulated() {
        return Err(Failure::usage(
            "the demonstration has its own clock",
            "leave --rehearsal-clock out",
        )
        .code("usage"));
    }
    let demo = Demo {
        dir: common.demo_dir(),
        again: args.again,
        voters: args.voters,
        file: args.file.clone(),
        rules: args.rules.clone(),
        roll: args.roll.clone(),
        store: args.store.clone(),
        jurisdiction: Size {
            requests: args.requests as usize,
            comments: args.comments as usize,
        },
    };
    crate::demo::run(&demo, &common.held).await
}
