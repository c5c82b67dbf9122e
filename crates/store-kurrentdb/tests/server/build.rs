//! Compiles the protocol without an outside compiler.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "proto/streams.proto",
        "proto/gossip.proto",
        "proto/serverfeatures.proto",
    ];
    let set = protox::compile(files, ["proto"])?;
    tonic_build::configure()
        .build_client(false)
        .bytes([".event_store"])
        .compile_fds(set)?;
    println!("cargo:rerun-if-changed=proto");
    Ok(())
}
