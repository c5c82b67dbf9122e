//! The `sijill-verify` command.

fn main() {
    std::process::exit(sijill_verifier::run_cli(std::env::args_os()));
}
