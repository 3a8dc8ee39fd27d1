//! Resolver that returns public addresses only. The client connects to what it returns and to nothing else, so a name cannot
//! change between the check and the connection.

use std::fmt;
use std::net::IpAddr;

use export::webhook::is_public;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolver of the system, without addresses that are not public.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublicOnly {
    /// True if loopback addresses are permitted.
    pub(super) loopback: bool,
}

/// Error of a name or URL that leads to an address that is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotPublic(pub(super) IpAddr);

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a public address, and events are sent to no other", self.0)
    }
}

impl std::error::Error for NotPublic {}

impl PublicOnly {
    /// Returns the addresses to which a connection may be opened.
    ///
    /// # Errors
    /// If there are addresses, and none of them may be used.
    pub(super) fn of(self, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, NotPublic> {
        let first = addresses.first().copied();
        let may = |address: &IpAddr| is_public(*address) || self.loopback && address.is_loopback();
        let public: Vec<_> = addresses.into_iter().filter(may).collect();
        match first {
            Some(first) if public.is_empty() => Err(NotPublic(first)),
            _ => Ok(public),
        }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let this = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public = this.of(found.map(|address| address.ip()).collect())?;
            let addresses: Addrs = Box::new(public.into_iter().map(|address| (address, 0).into()));
            Ok(addresses)
        })
    }
}

/// Returns the address that a URL has instead of a name.
pub(super) fn address_of(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}
