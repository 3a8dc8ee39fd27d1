//! Files through the CDN: nginx in place of CloudFront, which caches and accepts only signed links.
//!
//! The tests run one after the other on one stack, because keys and secret belong to the stack.

mod downloads;
mod invalid_links;
mod origin;
mod rotation;
mod stack;

use export::manifest::Manifest;
use serde_json::json;

use stack::CdnStack;

#[tokio::test(flavor = "multi_thread")]
async fn cdn_fetches_files_once_and_only_by_signed_links() {
    let Some(cdn) = CdnStack::start().await else { return };
    let manifest = export(&cdn).await;
    downloads::the_second_one_does_not_reach_storage(&cdn, &manifest).await;
    downloads::what_may_not_be_cached_is_not(&cdn, &manifest).await;
    downloads::the_api_is_reached_through_it_and_never_cached(&cdn, &manifest).await;
    invalid_links::only_links_signed_by_sluice_give_access(&cdn, &manifest).await;
    rotation::a_key_replaces_another_without_a_broken_link(&cdn, &manifest).await;
    rotation::without_a_key_links_are_those_of_the_storage(&cdn, &manifest).await;
    origin::requests_past_it_are_refused(&cdn).await;
    origin::its_header_is_rotated_without_a_refusal(&cdn).await;
    invalid_links::without_the_verifier_nothing_is_served(&cdn, &manifest).await;
}

/// Creates an export that has succeeded and of which nothing was downloaded. Returns its manifest.
async fn export(cdn: &CdnStack) -> Manifest {
    let request =
        json!({"datasets": ["settled_parcels"], "startDate": "2024-01-01", "endDate": "2024-01-20"});
    let id = cdn.system().submit(&request).await.unwrap();
    let ended = cdn.system().wait(id).await.unwrap();
    assert_eq!(ended.status, export::state::ExportStatus::Succeeded, "{:?}", ended.errors);
    cdn.system().client.manifest(id).await.unwrap()
}

/// Returns name and key of each file.
fn files(manifest: &Manifest) -> Vec<(String, String)> {
    let files = manifest.datasets.iter().flat_map(|d| &d.chunks).filter_map(|c| c.file.as_ref());
    files.map(|file| (file.name.clone(), file.key.clone())).collect()
}
