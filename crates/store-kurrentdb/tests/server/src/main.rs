//! Runs the test server until its standard input ends: `kurrentdb-testserver [PORT [NODES]]`.

use std::io::{Read as _, Write as _};

use sijill_kurrentdb_testserver::{Cluster, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let nodes = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let options = Options {
        port,
        nodes,
        ..Options::default()
    };
    let cluster = Cluster::start(options).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", cluster.url())?;
    out.flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
