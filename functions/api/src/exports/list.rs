//! `GET /exports?status=&cursor=&limit=`, newest first.

use axum::extract::State;
use axum::response::Response;
use export::range::Bound;
use export::state::ExportStatus;
use export::wire::ExportList;
use http::{StatusCode, Uri};
use serde_json::{Map, Value};
use store::{ExportState, ListFilter};

use super::to_wire;
use crate::caller::Caller;
use crate::context::Context;
use crate::cursor::ExportCursor;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

/// Maximum total size of the exports on one page in bytes, which is mostly their requests: each may be as large as a
/// body, and Lambda returns at most 6 MB.
const PAGE_BYTES: i64 = 3 << 20;

/// Parameters of the list.
const PARAMETERS: [&str; 9] = [
    "status",
    "dataset",
    "label",
    "labelContains",
    "labels",
    "acceptedFrom",
    "acceptedBefore",
    "cursor",
    "limit",
];

pub(crate) async fn list(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri, &PARAMETERS);
    let remedy = "use one of queued, running, succeeded, failed, canceled, expired";
    let status = params.get("status", remedy, |text| text.parse::<ExportStatus>().ok());
    let text = |text: &str| (!text.is_empty() && !text.contains('\0')).then(|| text.to_owned());
    let dataset = params.get("dataset", "use the name of a dataset", text);
    let label = params.get("label", "use the label of an export", text);
    let label_contains = params.get("labelContains", "use a part of the label of an export", text);
    let labels = params.get("labels", "use name:value, several separated by commas", labels);
    let time = "use a date such as 2024-01-31, or an RFC 3339 instant such as 2024-01-31T12:00:00Z";
    let from_micros = params.get("acceptedFrom", time, instant);
    let until_micros = params.get("acceptedBefore", time, instant);
    let before = params.cursor::<ExportCursor>().map(|cursor| (cursor.accepted_micros, cursor.id));
    let limit = params.limit(20, 100);
    params.check()?;

    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // The store omits exports that are not visible to the caller: no cursor names one, and no page is used up by
    // them.
    let within = caller.access().datasets();
    let filter =
        ListFilter { status, dataset, label, label_contains, labels, from_micros, until_micros, within };
    let page = context.store.exports(&caller.tenant, &filter, before, limit, PAGE_BYTES).await?;
    let cursor = |e: &ExportState| ExportCursor { accepted_micros: e.accepted_micros, id: e.id };
    let next_cursor = page.exports.last().filter(|_| page.more).map(|export| cursor(export).to_string());
    let next = next_cursor.as_ref().map(|cursor| {
        // The other parameters as they were sent: the filters hold for every page.
        let sent = uri.query().unwrap_or_default().split('&');
        let is_kept = |part: &&str| !part.is_empty() && !part.starts_with("cursor=");
        let sent: Vec<_> =
            sent.filter(is_kept).chain([&*format!("cursor={cursor}")]).map(str::to_owned).collect();
        format!("exports?{}", sent.join("&"))
    });
    let exports = page.exports.iter().map(to_wire::export).collect();
    let list = ExportList { exports, next_cursor, next: next.clone() };
    let mut response = response::json(StatusCode::OK, &list)?;
    if let Some(next) = next {
        response::add_link(&mut response, &next, "next");
    }
    Ok(response)
}

/// Reads `name:value` pairs, separated by commas.
fn labels(text: &str) -> Option<Value> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once(':')?;
        (!name.is_empty() && !value.contains('\0')).then(|| (name.to_owned(), Value::from(value)))
    };
    text.split(',').map(pair).collect::<Option<Map<_, _>>>().map(Value::Object)
}

/// Reads an instant, or a day of UTC, as microseconds since 1970.
fn instant(text: &str) -> Option<i64> {
    match Bound::parse(text)? {
        Bound::Instant(micros) => Some(micros),
        _ => match Bound::parse(&format!("{text}T00:00:00Z"))? {
            Bound::Instant(micros) => Some(micros),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_pairs_of_name_and_value() {
        assert_eq!(
            labels("team:finance,env:a:b"),
            Some(serde_json::json!({"team": "finance", "env": "a:b"}))
        );
        for bad in ["", "team", ":x", "a:b,"] {
            assert_eq!(labels(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_days_or_instants() {
        assert_eq!(instant("1970-01-02"), Some(86_400_000_000));
        assert_eq!(instant("1970-01-01T00:00:01+00:00"), Some(1_000_000));
        for bad in ["", "yesterday", "1970-13-01", "0000-01-01"] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }
}
