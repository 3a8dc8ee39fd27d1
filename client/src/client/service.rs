//! Endpoints about what a tenant may export, and where to.

use export::wire::{Dataset, DatasetList, DestinationList, TenantLimits};

use super::Client;
use crate::Error;

impl Client {
    /// `GET /datasets`: returns the datasets visible to the caller.
    ///
    /// # Errors
    /// If the api returns an error or cannot be reached.
    pub async fn datasets(&self) -> Result<DatasetList, Error> {
        self.get(&["datasets"], &[], "list of datasets").await
    }

    /// `GET /datasets/{name}`: returns one dataset.
    ///
    /// # Errors
    /// If there is no such dataset for the caller, or the api cannot be reached.
    pub async fn dataset(&self, name: &str) -> Result<Dataset, Error> {
        self.get(&["datasets", name], &[], "dataset").await
    }

    /// `GET /destinations`: returns the destinations that the tenant may use.
    ///
    /// # Errors
    /// If the api cannot be reached or refuses.
    pub async fn destinations(&self) -> Result<DestinationList, Error> {
        self.get(&["destinations"], &[], "destinations").await
    }

    /// `GET /limits`: returns the limits of the tenant, and whether the key may only read.
    ///
    /// # Errors
    /// If the api returns an error or cannot be reached.
    pub async fn limits(&self) -> Result<TenantLimits, Error> {
        self.get(&["limits"], &[], "limits").await
    }
}
