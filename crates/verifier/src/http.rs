//! Reading published files over HTTP: bounded in time, length and redirects. What comes is as untrusted as any file.

use std::io;
use std::time::Duration;

use ureq::Agent;

use crate::source::SourceError;

/// Longest time for one file, redirects included.
const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_REDIRECTS: u32 = 3;
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// A published folder behind a URL.
#[derive(Debug)]
pub(crate) struct Site {
    agent: Agent,
    base: String,
}

impl Site {
    /// `base` is the URL of the folder. From `https` no redirect leads to anything else.
    pub(crate) fn new(base: &str) -> Site {
        let config = Agent::config_builder()
            .https_only(base.starts_with("https://"))
            .http_status_as_error(false)
            .max_redirects(MAX_REDIRECTS)
            .max_response_header_size(MAX_HEADER_BYTES)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("sijill-verify/", env!("CARGO_PKG_VERSION")))
            .build();
        Site {
            agent: config.new_agent(),
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// Reads a whole file of at most `limit` bytes.
    pub(crate) fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, SourceError> {
        let fault = |error: ureq::Error| SourceError::Io(error.into_io());
        let url = format!("{}/{path}", self.base);
        let mut response = self
            .agent
            .get(&url)
            .header("cache-control", "no-cache")
            .call()
            .map_err(fault)?;
        match response.status().as_u16() {
            200 => {}
            404 | 410 => return Err(SourceError::Missing),
            status => return Err(io::Error::other(format!("the server answers {status}")).into()),
        }
        let body = response.body_mut().with_config().limit(limit.saturating_add(1));
        let bytes = match body.read_to_vec() {
            Ok(bytes) => bytes,
            Err(ureq::Error::BodyExceedsLimit(_)) => return Err(SourceError::TooLong(limit)),
            Err(error) => return Err(fault(error)),
        };
        if bytes.len() as u64 > limit {
            Err(SourceError::TooLong(limit))
        } else {
            Ok(bytes)
        }
    }
}
