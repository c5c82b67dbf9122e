//! Where the servers are, how to log in, how long to wait.

use std::fmt;
use std::time::Duration;

use kurrentdb::{ClientSettings, Credentials, NodePreference};
use sijill_ledger::LedgerId;

/// Why KurrentDB cannot be used. Always the operator's to mend; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KurrentDbError {
    /// The connection string is not one. It is not shown, because it may hold a password.
    #[error("the connection string of KurrentDB is not usable: {0}")]
    Settings(String),
    /// No server answers.
    #[error(
        "KurrentDB does not answer at {hosts}: {reason}. Check that it runs, that the port is open, and whether it wants \
         TLS (tls=true, which is the default)"
    )]
    Unreachable {
        /// Where it was looked for.
        hosts: String,
        /// What went wrong.
        reason: String,
    },
    /// A server's certificate is expired, for another name, or of an authority that is not known here.
    #[error("the certificate of KurrentDB at {hosts} is not accepted: {reason}")]
    Certificate {
        /// The servers.
        hosts: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server knows no such user, or the user may not read and write.
    #[error(
        "KurrentDB at {hosts} denies access: check user and password, and that the user may read and write the streams \
         of the namespace (`sijill-…`)"
    )]
    Denied {
        /// The servers.
        hosts: String,
    },
    /// The server is older than this program can work with.
    #[error("KurrentDB at {hosts} is version {found}; this program needs 22.10 or newer")]
    Version {
        /// The servers.
        hosts: String,
        /// Its version; 0.0.0: it does not say.
        found: String,
    },
    /// The server holds something else under the names of this program.
    #[error("KurrentDB at {hosts}: {reason}")]
    Damaged {
        /// The servers.
        hosts: String,
        /// What was found.
        reason: String,
    },
}

/// How KurrentDB is reached.
#[derive(Clone)]
#[non_exhaustive]
pub struct KurrentDbOptions {
    /// How long one request may take. Default 5 s.
    pub request: Duration,
    /// How long a read or write may take with everything that is tried for it. Default 20 s.
    pub patience: Duration,
    /// Writes that may be under way; further ones are refused as busy. Default 4,096.
    pub in_flight: usize,
    /// Bytes of entries that one batch should hold; keep it below half of the server's `MaxAppendSize`. Default
    /// 524,288, which suits the 1 MiB of servers before 24.
    pub batch_bytes: usize,
    pub(crate) settings: ClientSettings,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) hosts: String,
    pub(crate) namespace: String,
}

impl fmt::Debug for KurrentDbOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KurrentDbOptions")
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

/// Settings of the connection string, in lower case.
const SETTINGS: [&str; 13] = [
    "tls",
    "tlsverifycert",
    "tlscafile",
    "usercertfile",
    "userkeyfile",
    "nodepreference",
    "maxdiscoverattempts",
    "discoveryinterval",
    "gossiptimeout",
    "keepaliveinterval",
    "keepalivetimeout",
    "defaultdeadline",
    "connectionname",
];

impl KurrentDbOptions {
    /// Reads `kurrentdb://[user[:password]@]host[:port][,host[:port]…][?setting=value[&…]]`, or `kurrentdb+discover://…`
    /// for one name that leads to the nodes. `password` is that of the user in the string, and takes the place of one
    /// that stands there.
    ///
    /// Beside the client's settings there is `namespace`, with which the names of streams begin: `sijill` unless it is
    /// given. Each service that shares the servers with others has its own.
    ///
    /// Reading and writing is done at the leader, so `nodePreference` can only be `leader`. Certificates are always
    /// checked: `tlsVerifyCert=false` is refused. Without TLS a password is only sent to this machine itself.
    ///
    /// # Errors
    /// [`KurrentDbError::Settings`]; it never shows the string.
    pub fn parse(url: &str, password: Option<&str>) -> Result<Self, KurrentDbError> {
        let bad = |what: &str| KurrentDbError::Settings(what.to_owned());
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| bad("it begins with kurrentdb://"))?;
        if !["kurrentdb", "kurrentdb+discover"].contains(&scheme) {
            return Err(bad("it begins with kurrentdb:// or kurrentdb+discover://"));
        }
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        let host_like = |c: char| c.is_ascii_alphanumeric() || ".-_:,[]".contains(c);
        if hosts.is_empty() || !hosts.chars().all(host_like) {
            return Err(bad("after the user come the names of hosts, separated by commas"));
        }
        let mut settings = Vec::new();
        let mut namespace = "sijill";
        let mut verified = true;
        let mut tls = true;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| bad("a setting is name=value"))?;
            let name = name.to_ascii_lowercase();
            if name == "namespace" {
                let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                if value.is_empty() || value.len() > 64 || !value.chars().all(fits) {
                    return Err(bad("a namespace has 1 to 64 small letters, digits and hyphens"));
                }
                namespace = value;
                continue;
            }
            if !SETTINGS.contains(&&*name) {
                return Err(bad("it has a setting that KurrentDB's client does not know"));
            }
            match &*name {
                "tls" => tls = value.eq_ignore_ascii_case("true"),
                "tlsverifycert" => verified = value.eq_ignore_ascii_case("true"),
                "nodepreference" if !value.eq_ignore_ascii_case("leader") => {
                    return Err(bad("nodePreference can only be leader"));
                }
                "nodepreference" => continue,
                _ => {}
            }
            settings.push(pair);
        }
        if !verified {
            return Err(bad(
                "tlsVerifyCert=false is refused; name the authority of a private certificate with tlsCaFile",
            ));
        }
        settings.push("nodePreference=leader");
        let credentials = user.map(|user| credentials(user, password)).transpose()?;
        let local = |host: &str| {
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            ["localhost", "127.0.0.1", "[::1]"].contains(&name)
        };
        if credentials.is_some() && !tls && !hosts.split(',').all(local) {
            return Err(bad(
                "a password is not sent to other machines without TLS; remove tls=false",
            ));
        }
        if credentials.is_none() && password.is_some() {
            return Err(bad("there is a password, but no user before the hosts"));
        }
        let clean = format!("{scheme}://{hosts}?{}", settings.join("&"));
        let settings: ClientSettings = clean
            .parse()
            .map_err(|_| bad("hosts or settings are not as KurrentDB's client wants them"))?;
        if settings.node_preference() != NodePreference::Leader || settings.hosts().is_empty() {
            return Err(bad("hosts or settings are not as KurrentDB's client wants them"));
        }
        Ok(Self {
            request: Duration::from_secs(5),
            patience: Duration::from_secs(20),
            in_flight: 4_096,
            batch_bytes: 512 << 10,
            settings,
            credentials,
            hosts: hosts.to_owned(),
            namespace: namespace.to_owned(),
        })
    }

    /// The hosts, as they were given.
    #[must_use]
    pub fn hosts(&self) -> &str {
        &self.hosts
    }

    /// The stream of a ledger.
    pub(crate) fn stream_of(&self, ledger: LedgerId) -> String {
        format!("{}-{ledger}", self.namespace)
    }

    /// The stream that names the ledgers.
    pub(crate) fn ledgers(&self) -> String {
        format!("{}-ledgers", self.namespace)
    }

    /// Whether several nodes may answer.
    pub(crate) fn is_cluster(&self) -> bool {
        self.settings.hosts().len() > 1 || self.settings.is_dns_discovery_enabled()
    }
}

fn credentials(user: &str, password: Option<&str>) -> Result<Credentials, KurrentDbError> {
    let (user, written) = user.split_once(':').unwrap_or((user, ""));
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| KurrentDbError::Settings("user or password is not UTF-8".into()))
    };
    let user = decode(user)?;
    let password = match password {
        Some(password) => password.to_owned(),
        None => decode(written)?,
    };
    let printable = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    if !printable(&user) || user.contains(':') || !printable(&password) {
        return Err(KurrentDbError::Settings(
            "user and password are not empty and without control characters, and there is no colon in the user".into(),
        ));
    }
    Ok(Credentials::new(user.into_bytes(), password.into_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test panics")]
    use super::*;

    #[test]
    fn accepted() {
        for url in [
            "kurrentdb://localhost:2113?tls=false",
            "kurrentdb://user:secret@localhost?tls=false",
            "kurrentdb://user:p%40ss@db1.example:2113,db2.example:2113?tls=true&connectionName=sijill",
            "kurrentdb+discover://user:secret@cluster.example",
            "kurrentdb://user@db.example?nodePreference=leader&namespace=city-2026",
        ] {
            let options = KurrentDbOptions::parse(url, url.contains("user@").then_some("pw")).unwrap();
            assert_eq!(options.settings.node_preference(), NodePreference::Leader);
            assert!(!format!("{options:?}").contains("secret"));
        }
        let options = KurrentDbOptions::parse("kurrentdb://u:p%40ss@db.example", None).unwrap();
        assert_eq!(options.credentials, Some(Credentials::new("u", "p@ss")));
    }

    #[test]
    fn refused_without_echo() {
        for url in [
            "",
            "secret",
            "http://user:secret@db.example",
            "kurrentdb://",
            "kurrentdb://user:secret@",
            "kurrentdb://user:secret@db.example/path",
            "kurrentdb://user:secret@db.example?tls=false",
            "kurrentdb://user:secret@localhost,db.example?tls=false",
            "kurrentdb://user:secret@db.example?tlsVerifyCert=false",
            "kurrentdb://user:secret@db.example?nodePreference=follower",
            "kurrentdb://user:secret@db.example?surprise=1",
            "kurrentdb://user:secret@db.example?tls",
            "kurrentdb://user:secret@db.example:port",
            "kurrentdb://user:secret%00@db.example",
            "kurrentdb://user:secret@db.example?maxDiscoverAttempts=secret",
            "kurrentdb://user:@db.example",
            "kurrentdb://user:secret@db.example?namespace=",
            "kurrentdb://user:secret@db.example?namespace=$all",
        ] {
            let error = KurrentDbOptions::parse(url, None).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
        assert!(KurrentDbOptions::parse("kurrentdb://db.example", Some("secret")).is_err());
    }
}
