//! Endpoints of saved exports.

use export::wire::{SavedExport, SavedList, SavedRequest, SavedRunList};
use reqwest::Method;

use super::Client;
use super::transport::Call;
use crate::Error;

impl Client {
    /// `POST /saved`: saves an export under a new name. It is not retried automatically.
    ///
    /// # Errors
    /// If the name is taken (409), the request is refused, or the api cannot be reached.
    pub async fn save(&self, request: &SavedRequest) -> Result<SavedExport, Error> {
        self.call(&self.post(&["saved"], &[]).body(request)?).await?.json("saved export")
    }

    /// `PUT /saved/{saved}`: changes a saved export.
    ///
    /// # Errors
    /// If there is none of this name, the request is refused, or the api cannot be reached.
    pub async fn replace_saved(&self, name: &str, request: &SavedRequest) -> Result<SavedExport, Error> {
        let call = Call::new(Method::PUT, self.url(&["saved", name], &[])).body(request)?;
        self.call(&call.repeatable()).await?.json("saved export")
    }

    /// `GET /saved`: returns one page of saved exports, by name.
    ///
    /// # Errors
    /// If the api returns an error or cannot be reached.
    pub async fn all_saved(&self, cursor: Option<&str>) -> Result<SavedList, Error> {
        let query: Vec<_> = cursor.map(|c| ("cursor", c)).into_iter().collect();
        self.get(&["saved"], &query, "list of saved exports").await
    }

    /// `GET /saved/{saved}`: returns one saved export.
    ///
    /// # Errors
    /// If there is none of this name, or the api cannot be reached.
    pub async fn saved(&self, name: &str) -> Result<SavedExport, Error> {
        self.get(&["saved", name], &[], "saved export").await
    }

    /// `GET /saved/{saved}/runs`: returns one page of its runs, newest first.
    ///
    /// # Errors
    /// If there is none of this name, or the api cannot be reached.
    pub async fn saved_runs(&self, name: &str, cursor: Option<&str>) -> Result<SavedRunList, Error> {
        let query: Vec<_> = cursor.map(|c| ("cursor", c)).into_iter().collect();
        self.get(&["saved", name, "runs"], &query, "list of runs").await
    }

    /// `POST /saved/{saved}/pause` or `resume`: stops the schedule, or continues it.
    ///
    /// # Errors
    /// If there is none of this name, or the api cannot be reached.
    pub async fn pause_saved(&self, name: &str, paused: bool) -> Result<SavedExport, Error> {
        let call = self.post(&["saved", name, if paused { "pause" } else { "resume" }], &[]);
        self.call(&call.repeatable()).await?.json("saved export")
    }

    /// `POST /saved/{saved}/run`: runs it now. It is not retried automatically.
    ///
    /// # Errors
    /// If a run is under way (409), there is none of this name, or the api cannot be reached.
    pub async fn run_saved(&self, name: &str) -> Result<SavedExport, Error> {
        self.call(&self.post(&["saved", name, "run"], &[])).await?.json("saved export")
    }

    /// `DELETE /saved/{saved}`: deletes it; the exports of its runs stay. It is not retried automatically.
    ///
    /// # Errors
    /// If there is none of this name, or the api cannot be reached.
    pub async fn delete_saved(&self, name: &str) -> Result<(), Error> {
        self.call(&Call::new(Method::DELETE, self.url(&["saved", name], &[]))).await.map(drop)
    }
}
