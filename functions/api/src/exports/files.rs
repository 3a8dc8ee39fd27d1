//! `GET /exports/{id}/files?cursor=&limit=&links=`: the files written so far, in any state of the export.

use axum::extract::State;
use axum::response::Response;
use export::manifest::rfc3339;
use export::wire::FileList;
use http::{StatusCode, Uri};

use super::chunks::place;
use super::{Id, cached};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;
use crate::signed_links::IssuedLinks;
use ports::clock::micros_in;

/// Maximum number of links on one page. Each needs a signature, which takes a small function some milliseconds of CPU
/// time.
const MAX_LINKS: usize = 100;

pub(crate) async fn files(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri, &["cursor", "limit", "links"]);
    let links = params.flag("links");
    let place = place(&mut params, if links { MAX_LINKS } else { 1000 });
    params.check()?;
    let (cached, body) = cached::files(&context, &caller, id, place, links).await?;
    let next = cached.next.map(|next| if links { format!("{next}&links=true") } else { next });
    let link_next = |mut response: Response| {
        if let Some(next) = &next {
            response::add_link(&mut response, next, "next");
        }
        response
    };
    if !links {
        return Ok(link_next(response::rendered(StatusCode::OK, body)));
    }
    let mut list: FileList = serde_json::from_slice(&body.body).map_err(|e| ApiError::hide(&e))?;
    let mut issued = IssuedLinks::files(id);
    for (file, key) in list.files.iter_mut().zip(&cached.keys) {
        // Created per response and never stored.
        file.link = Some(issued.link(&context, &caller, key, &file.name).await?);
        file.link_expires_at = Some(rfc3339(micros_in(context.settings.link_secs)));
    }
    list.next.clone_from(&next);
    response::secret_json(&list, issued).map(link_next)
}
