//! A published log on a web server. A file that is not there is nothing; any other answer than its bytes is an error, and no
//! answer is waited for without an end, nor read beyond its limit.

use std::time::Duration;

use rollcall_storage::StoreError;
use rollcall_storage::published::Files;

const PATIENCE: Duration = Duration::from_secs(30);

/// The files under an address.
#[derive(Clone, Debug)]
pub struct Address {
    url: String,
    agent: ureq::Agent,
}

impl Address {
    /// The files under `http://…` or `https://…`.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), agent: agent(PATIENCE) }
    }

    /// Tells whether a text is an address rather than a path.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with("http://") || text.starts_with("https://")
    }
}

/// A client that answers with whatever status came, within a time.
pub(crate) fn agent(patience: Duration) -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(patience)).http_status_as_error(false);
    config.user_agent(concat!("rollcall/", env!("CARGO_PKG_VERSION"))).build().new_agent()
}

impl Files for Address {
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let url = format!("{}/{path}", self.url);
        let failed = |what: String| StoreError::Io { path: url.clone(), what };
        let mut response = self.agent.get(&url).call().map_err(|error| failed(error.to_string()))?;
        match response.status().as_u16() {
            200 => {}
            404 | 410 => return Ok(None),
            status => return Err(failed(format!("the server answers {status}"))),
        }
        match response.body_mut().with_config().limit(limit).read_to_vec() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ureq::Error::BodyExceedsLimit(_)) => {
                Err(StoreError::Damaged { path: url, what: format!("more than {limit} bytes") })
            }
            Err(error) => Err(failed(error.to_string())),
        }
    }

    fn place(&self) -> String {
        self.url.clone()
    }
}
