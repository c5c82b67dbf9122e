//! The attack corpus: `write` makes it, `check` compares it with what is committed, `run [--times N]` verifies all of it N times on 1, 2, 3
//! and 8 threads, `try PREFIX` makes and verifies the cases whose id begins so, without a file.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a tool of the tests")]

use std::process::ExitCode;

use sijill_tests::attacks::corpus;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let faults = match args.as_slice() {
        ["write"] => {
            corpus::write(&corpus::folder());
            Vec::new()
        }
        ["check"] => corpus::differences(&corpus::folder()),
        ["try", prefix] => corpus::generate_of(prefix)
            .iter()
            .filter_map(|(row, members)| corpus::judge(row, &corpus::verify(row, members)))
            .collect(),
        ["run"] => run(1),
        ["run", "--times", times] => run(times.parse().unwrap_or(1)),
        _ => {
            eprintln!("usage: attacks write | check | run [--times N] | try PREFIX");
            return ExitCode::from(2);
        }
    };
    for fault in &faults {
        println!("{fault}");
    }
    if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(times: u32) -> Vec<String> {
    let cases = corpus::read(&corpus::folder());
    let mut faults = Vec::new();
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        for (row, members) in &cases {
            for _ in 0..times {
                let report = pool.install(|| corpus::verify(row, members));
                faults.extend(corpus::judge(row, &report).map(|fault| format!("{threads} threads: {fault}")));
            }
        }
    }
    println!(
        "{} cases, {times} times on 1, 2, 3 and 8 threads: {} faults",
        cases.len(),
        faults.len()
    );
    faults
}
