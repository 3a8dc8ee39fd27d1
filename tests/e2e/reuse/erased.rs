//! An erasure request, from the operator's command to the last object.

use export::state::ExportStatus;
use ports::objects::Objects;
use tests::System;

use super::{exact, request};
use crate::api::get;

async fn count(system: &System, keys: &[String]) -> usize {
    let mut there = 0;
    for key in keys {
        there += system.objects().list(key, None).await.unwrap().keys.len();
    }
    there
}

#[tokio::test]
async fn invalidate_and_sweep_remove_objects_and_inform_clients() {
    let system = System::get().await;
    let body = request("erased", "2024-01-01", "2024-01-20");
    let whole = "select * from e2e.erased where day <= '2024-01-20'";
    let answer = exact(&body, &[], whole).await;
    let id = answer["id"].as_str().unwrap().to_owned();
    // A second export reuses the same files, a third covers only unaffected days.
    let second = exact(&body, &[], whole).await["id"].as_str().unwrap().to_owned();
    let exported = system.fetch(id.parse().unwrap()).await.unwrap();
    let files: Vec<_> = exported.manifest.datasets[0].chunks.iter().filter_map(|c| c.file.clone()).collect();
    let keys: Vec<_> = files.iter().map(|f| f.key.clone()).collect();
    assert_eq!(count(system, &keys).await, keys.len());

    system.run("delete from e2e.erased where id = 500").await.unwrap();
    let said =
        system.x(&["admin", "invalidate", "erased", "--from", "2024-01-05", "--to", "2024-01-05"]).unwrap();
    assert!(said.contains("2 ended exports lost files"), "{said}");
    // The api caches for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    for id in [&id, &second] {
        let export = get(&format!("/exports/{id}")).await;
        assert_eq!(export.body["status"], "failed", "{}", export.body);
        assert_eq!(export.body["errors"][0]["code"], "invalidated");
        let manifest = get(&format!("/exports/{id}/manifest")).await;
        assert_eq!(
            (manifest.status.as_u16(), manifest.body["type"].as_str()),
            (410, Some("/api/v1/problems/invalidated"))
        );
        let gone = get(&format!("/exports/{id}/files/{}", files[0].name)).await;
        assert_eq!(gone.status, 410, "{}", gone.body);
        assert!(gone.body["detail"].as_str().unwrap().contains("retry"), "{}", gone.body);
        let list = get(&format!("/exports/{id}/files")).await;
        assert_eq!(
            (&list.body["complete"], list.body["files"].as_array().unwrap().len()),
            (&false.into(), files.len() - 1)
        );
    }
    assert_eq!(get(&format!("/exports/{id}/files/erased.19990101-19990102.csv.gz")).await.status, 404);
    let report = sweeper::sweep(&system.sweeper()).await;
    assert_eq!(report.failed_steps, 0, "{report:?}");
    assert_eq!(count(system, &keys).await, keys.len() - 1, "the file of that day is gone, and only that");

    // A new export and a retried one have the present rows.
    exact(&body, &[], whole).await;
    system.client.retry(id.parse().unwrap()).await.unwrap();
    let again = system.fetch(id.parse().unwrap()).await.unwrap();
    assert_eq!(again.manifest.datasets[0].rows, 1999);
    assert_eq!(system.wait(second.parse().unwrap()).await.unwrap().status, ExportStatus::Failed);
    let refused = system.x(&["admin", "invalidate", "no_such_dataset"]).unwrap_err().to_string();
    assert!(refused.contains("the catalog has no dataset no_such_dataset"), "{refused}");
}
