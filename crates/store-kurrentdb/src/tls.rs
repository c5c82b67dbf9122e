//! What is wrong with a server's certificate. The client only says that it found no server.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use kurrentdb::ClientSettings;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// Looks at the certificates of the servers as the client does, after it has failed. Blocks, at most for `wait` at each
/// step.
pub(crate) fn problem(settings: &ClientSettings, wait: Duration) -> Option<String> {
    if !settings.is_secure_mode_enabled() {
        return None;
    }
    let mut roots = RootCertStore::empty();
    match settings.tls_ca_file() {
        Some(file) => {
            let read =
                CertificateDer::pem_file_iter(file).and_then(|found| found.collect::<Result<Vec<_>, _>>());
            let (known, _) = match read {
                Ok(found) => roots.add_parsable_certificates(found),
                Err(error) => return Some(format!("the file tlsCaFile cannot be read: {error}")),
            };
            if known == 0 {
                return Some("there is no certificate in the file tlsCaFile".to_owned());
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    settings.hosts().iter().find_map(|endpoint| {
        let port = u16::try_from(endpoint.port).ok()?;
        let name = endpoint.host.trim_matches(['[', ']']);
        let mut addresses = (name, port).to_socket_addrs().ok()?;
        addresses.find_map(|address| refused(&config, name, address, wait))
    })
}

fn refused(config: &Arc<ClientConfig>, name: &str, address: SocketAddr, wait: Duration) -> Option<String> {
    let server = ServerName::try_from(name.to_owned()).ok()?;
    let mut connection = ClientConnection::new(Arc::clone(config), server).ok()?;
    let mut socket = TcpStream::connect_timeout(&address, wait).ok()?;
    socket.set_read_timeout(Some(wait)).ok()?;
    socket.set_write_timeout(Some(wait)).ok()?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut socket) {
            let cause = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
            return match cause {
                Some(cause @ rustls::Error::InvalidCertificate(_)) => Some(format!("{name}: {cause}")),
                // Not the certificate.
                _ => None,
            };
        }
    }
    None
}
