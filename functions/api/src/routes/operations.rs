//! Operations of the api for its description: one for each route, with everything the description says about it.
//! `tests/openapi.rs` makes `openapi.json` from them.

mod examples;
mod parameters;

pub(super) use examples::Example;
use examples::{CREATE_EXAMPLES, SAVED_EXAMPLES, SHORT_EXAMPLES};
pub(super) use parameters::{ALIASES, PARAMETERS};

/// Operation at a route.
pub(super) struct Operation {
    /// Method and path, as in the table of routes.
    pub(super) route: (&'static str, &'static str),
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// Names of parameters and headers, from `PARAMETERS`.
    pub(super) parameters: &'static [&'static str],
    /// Schema of the body, and the bodies that the end-to-end tests send.
    pub(super) body: Option<(&'static str, &'static [Example])>,
    /// Responses that are no errors: status, description and schema.
    pub(super) responses: &'static [(u16, &'static str, Option<&'static str>)],
    /// Statuses of errors, besides those of every operation that needs a key.
    pub(super) errors: &'static [u16],
}

/// Statuses that every operation with a key may return.
pub(super) const ERRORS: [u16; 6] = [400, 401, 403, 429, 500, 503];

const CREATE: &[&str] = &["dryRun", "Idempotency-Key", "Cache-Control", "respondAsync", "traceparent"];

const READ: &[&str] = &["If-None-Match"];

const ACCEPTED: (u16, &str, Option<&str>) = (202, "The export is accepted.", Some("Export"));

const PLANNED: (u16, &str, Option<&str>) = (200, "The plan, with dryRun=true.", Some("DryRun"));

const UNCHANGED: (u16, &str, Option<&str>) =
    (304, "The ETag in If-None-Match is still that of the response.", None);

const LINK: (u16, &str, Option<&str>) =
    (307, "A link to the object. It needs no key, and is a secret.", None);

/// Every operation, in the order of the routes.
pub(super) const OPERATIONS: [Operation; 25] = [
    Operation {
        route: ("GET", "/health"),
        id: "getHealth",
        tag: "Service",
        summary: "Health of the api",
        description: "The process is running. It needs no key and accesses no other system.",
        parameters: READ,
        body: None,
        responses: &[(200, "The api is running.", Some("Health")), UNCHANGED],
        errors: &[403],
    },
    Operation {
        route: ("GET", "/datasets"),
        id: "listDatasets",
        tag: "Datasets",
        summary: "List datasets",
        description: "Every dataset that the caller may export, with its columns, filters and range column.",
        parameters: READ,
        body: None,
        responses: &[(200, "The datasets.", Some("DatasetList")), UNCHANGED],
        errors: &[],
    },
    Operation {
        route: ("GET", "/datasets/{name}"),
        id: "getDataset",
        tag: "Datasets",
        summary: "Show a dataset",
        description: "Its columns, filters and range column. Names are matched without regard to case.",
        parameters: &["name", "If-None-Match"],
        body: None,
        responses: &[(200, "The dataset.", Some("Dataset")), UNCHANGED],
        errors: &[404],
    },
    Operation {
        route: ("GET", "/destinations"),
        id: "listDestinations",
        tag: "Service",
        summary: "List destinations",
        description: "The buckets to which the files of an export can be copied, by the name that a request gives. The operator \
                      defines them.",
        parameters: READ,
        body: None,
        responses: &[(200, "The destinations that the tenant may use.", Some("DestinationList")), UNCHANGED],
        errors: &[],
    },
    Operation {
        route: ("GET", "/limits"),
        id: "getLimits",
        tag: "Service",
        summary: "Show the limits",
        description: "The limits of the tenant, what it uses of them, and whether the caller may only read.",
        parameters: READ,
        body: None,
        responses: &[(200, "The limits.", Some("TenantLimits")), UNCHANGED],
        errors: &[],
    },
    Operation {
        route: ("GET", "/exports"),
        id: "listExports",
        tag: "Exports",
        summary: "List exports",
        description: "The exports of the tenant, newest first. All filters must hold.",
        parameters: &[
            "status",
            "inDataset",
            "label",
            "labelContains",
            "labels",
            "acceptedFrom",
            "acceptedBefore",
            "cursor",
            "limit",
            "If-None-Match",
        ],
        body: None,
        responses: &[(200, "A page of exports.", Some("ExportList")), UNCHANGED],
        errors: &[],
    },
    Operation {
        route: ("POST", "/exports"),
        id: "createExport",
        tag: "Exports",
        summary: "Create an export, or plan it",
        description: "Accepts an export, which then runs without the caller. With dryRun=true it returns the plan, and \
                      nothing is stored.",
        parameters: CREATE,
        body: Some(("ExportRequest", CREATE_EXAMPLES)),
        responses: &[PLANNED, ACCEPTED],
        errors: &[413, 415, 422],
    },
    Operation {
        route: ("GET", "/exports/{id}"),
        id: "getExport",
        tag: "Exports",
        summary: "Show an export",
        description: "Its status and progress. With Prefer: wait=N the response comes when the export has ended.",
        parameters: &["id", "Prefer", "If-None-Match"],
        body: None,
        responses: &[(200, "The export.", Some("Export")), UNCHANGED],
        errors: &[404],
    },
    Operation {
        route: ("DELETE", "/exports/{id}"),
        id: "deleteExport",
        tag: "Exports",
        summary: "Cancel or delete an export",
        description: "A live export is canceled; of an ended one the files are deleted. An export may end at any time: \
                      send if=live to cancel only, which may be repeated, and if=ended to delete only.",
        parameters: &["id", "if"],
        body: None,
        responses: &[(202, "The export is canceled.", Some("Export")), (204, "The files are deleted.", None)],
        errors: &[404, 409],
    },
    Operation {
        route: ("POST", "/exports/{id}/retry"),
        id: "retryExport",
        tag: "Exports",
        summary: "Retry a failed export",
        description: "Plans the failed ranges again, under the catalog in force.",
        parameters: &["id"],
        body: None,
        responses: &[ACCEPTED],
        errors: &[404, 409],
    },
    Operation {
        route: ("POST", "/exports/{id}/extend"),
        id: "extendExport",
        tag: "Exports",
        summary: "Keep files for longer",
        description: "Keeps the files of an ended export for another retention, counted from now.",
        parameters: &["id"],
        body: None,
        responses: &[(200, "The export, with its new expiry.", Some("Export"))],
        errors: &[404, 409],
    },
    Operation {
        route: ("GET", "/exports/{id}/files"),
        id: "listFiles",
        tag: "Files",
        summary: "List files",
        description: "The files written so far, in any state of the export; complete if these are all.",
        parameters: &["id", "cursor", "longLimit", "links", "If-None-Match"],
        body: None,
        responses: &[(200, "A page of files.", Some("FileList")), UNCHANGED],
        errors: &[404],
    },
    Operation {
        route: ("GET", "/exports/{id}/files/{name}"),
        id: "getFile",
        tag: "Files",
        summary: "Link to a file",
        description: "Redirects to a link for that one file. Repr-Digest is the SHA-256 of the file.",
        parameters: &["id", "name"],
        body: None,
        responses: &[LINK],
        errors: &[404, 410],
    },
    Operation {
        route: ("GET", "/exports/{id}/chunks"),
        id: "listChunks",
        tag: "Files",
        summary: "List chunks",
        description: "The timeline of the export: its chunks, each with its attempts.",
        parameters: &["id", "cursor", "longLimit", "If-None-Match"],
        body: None,
        responses: &[(200, "A page of chunks.", Some("ChunkList")), UNCHANGED],
        errors: &[404],
    },
    Operation {
        route: ("GET", "/exports/{id}/manifest"),
        id: "getManifest",
        tag: "Files",
        summary: "Link to the manifest",
        description: "Redirects to a link for the manifest, which exists once the export has succeeded. Its JSON Schema is \
                      also a document of its own, `manifest.schema.json`.",
        parameters: &["id"],
        body: None,
        responses: &[(200, "The manifest, at the end of the link.", Some("Manifest")), LINK],
        errors: &[404, 409, 410],
    },
    Operation {
        route: ("GET", "/saved"),
        id: "listSaved",
        tag: "Saved",
        summary: "List saved exports",
        description: "The saved exports of the tenant, by name, with the state of their schedules.",
        parameters: &["cursor", "limit", "If-None-Match"],
        body: None,
        responses: &[(200, "A page of saved exports.", Some("SavedList")), UNCHANGED],
        errors: &[],
    },
    Operation {
        route: ("POST", "/saved"),
        id: "createSaved",
        tag: "Saved",
        summary: "Save an export",
        description: "Keeps a request under a name, with dates relative to each run and a schedule. Its runs are exports, \
                      with the rights of the key that saved it, never two at once; each period is exported once.",
        parameters: &[],
        body: Some(("SavedRequest", SAVED_EXAMPLES)),
        responses: &[(201, "It is saved.", Some("SavedExport"))],
        errors: &[409, 413, 415, 422],
    },
    Operation {
        route: ("GET", "/saved/{saved}"),
        id: "getSaved",
        tag: "Saved",
        summary: "Show a saved export",
        description: "Its request and schedule, the next run, the run that is under way, and the last failure.",
        parameters: &["saved", "If-None-Match"],
        body: None,
        responses: &[(200, "The saved export.", Some("SavedExport")), UNCHANGED],
        errors: &[404],
    },
    Operation {
        route: ("PUT", "/saved/{saved}"),
        id: "replaceSaved",
        tag: "Saved",
        summary: "Change a saved export",
        description: "Replaces request, range and schedule, and the key with whose rights it runs. With another range or \
                      schedule it begins again with the next period; the end of what was exported is kept.",
        parameters: &["saved"],
        body: Some(("SavedRequest", SAVED_EXAMPLES)),
        responses: &[(200, "The saved export.", Some("SavedExport"))],
        errors: &[404, 413, 415, 422],
    },
    Operation {
        route: ("DELETE", "/saved/{saved}"),
        id: "deleteSaved",
        tag: "Saved",
        summary: "Delete a saved export",
        description: "Deletes it with its list of runs. The exports of its runs stay, and a live one continues.",
        parameters: &["saved"],
        body: None,
        responses: &[(204, "It is deleted.", None)],
        errors: &[404],
    },
    Operation {
        route: ("POST", "/saved/{saved}/pause"),
        id: "pauseSaved",
        tag: "Saved",
        summary: "Pause a schedule",
        description: "No further run begins by the schedule. A run that is under way continues.",
        parameters: &["saved"],
        body: None,
        responses: &[(200, "The saved export.", Some("SavedExport"))],
        errors: &[404],
    },
    Operation {
        route: ("POST", "/saved/{saved}/resume"),
        id: "resumeSaved",
        tag: "Saved",
        summary: "Resume a schedule",
        description: "Periods that were missed are caught up, at most the latest 100, in order.",
        parameters: &["saved"],
        body: None,
        responses: &[(200, "The saved export.", Some("SavedExport"))],
        errors: &[404],
    },
    Operation {
        route: ("POST", "/saved/{saved}/run"),
        id: "runSaved",
        tag: "Saved",
        summary: "Run a saved export now",
        description: "A period that failed is tried again at once. Otherwise the range is relative to now, and the schedule \
                      goes on as before.",
        parameters: &["saved"],
        body: None,
        responses: &[(
            200,
            "The saved export, with the export that runs, or the error.",
            Some("SavedExport"),
        )],
        errors: &[404, 409],
    },
    Operation {
        route: ("GET", "/saved/{saved}/runs"),
        id: "listRuns",
        tag: "Saved",
        summary: "List runs",
        description: "The runs of a saved export, newest first, with the periods that were skipped.",
        parameters: &["saved", "cursor", "limit", "If-None-Match"],
        body: None,
        responses: &[(200, "A page of runs.", Some("SavedRunList")), UNCHANGED],
        errors: &[404],
    },
    Operation {
        route: ("POST", "/{dataset}"),
        id: "exportDataset",
        tag: "Exports",
        summary: "Export one dataset",
        description: "The short form of createExport: the dataset is in the path.",
        parameters: &["dataset", "dryRun", "Idempotency-Key", "Cache-Control", "respondAsync", "traceparent"],
        body: Some(("ShortRequest", SHORT_EXAMPLES)),
        responses: &[PLANNED, ACCEPTED],
        errors: &[404, 405, 413, 415, 422],
    },
];
