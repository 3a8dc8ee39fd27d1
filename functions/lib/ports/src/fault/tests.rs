//! Tests of faults: without a plan the ports behave as usual; with one they fail as planned, and only on one machine.

use bytes::Bytes;
use export::id::ChunkId;

use super::*;
use crate::objects::{MemoryObjects, Meta, ObjectsErrorKind};
use crate::queue::{MemoryQueue, Message};

fn faults(folder: &Path, faults: &[(Fault, u16)]) -> Faults {
    let plan = FaultPlan { seed: 7, slow_ms: 1, per_thousand: faults.iter().copied().collect() };
    std::fs::write(folder.join(PLAN), serde_json::to_vec(&plan).unwrap()).unwrap();
    Faults::in_folder(folder, "test")
}

fn meta() -> Meta {
    Meta { content_type: "text/csv".into(), download_name: None, immutable: true }
}

#[tokio::test]
async fn without_a_plan_the_contracts_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::in_folder(folder.path(), "test");
    crate::contract::objects(&*faults.objects(Arc::new(MemoryObjects::default()))).await;
    let inner = Arc::new(MemoryQueue::default());
    let queue = faults.queue(inner.clone());
    crate::contract::queue(&*queue, async || inner.take()).await;
    faults.crash(Point::Leased);
    assert_eq!(faults.time(Duration::from_secs(60)), Duration::from_secs(60));
}

#[tokio::test]
async fn plan_without_faults_keeps_the_contracts() {
    let folder = tempfile::tempdir().unwrap();
    let faults = faults(folder.path(), &Fault::ALL.map(|fault| (fault, 0)));
    crate::contract::objects(&*faults.objects(Arc::new(MemoryObjects::default()))).await;
    let inner = Arc::new(MemoryQueue::default());
    crate::contract::queue(&*faults.queue(inner.clone()), async || inner.take()).await;
}

#[tokio::test]
async fn duplicated_messages_keep_the_queue_contract() {
    let folder = tempfile::tempdir().unwrap();
    let faults = faults(folder.path(), &[(Fault::QueueDouble, 500)]);
    let inner = Arc::new(MemoryQueue::default());
    crate::contract::queue(&*faults.queue(inner.clone()), async || inner.take()).await;
}

#[tokio::test]
async fn lost_answer_is_an_error_after_the_effect() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = MemoryObjects::default();
    let faulty = faults(folder.path(), &[(Fault::ObjectsLoseAnswer, 1000)]).objects(Arc::new(bucket.clone()));
    let error = faulty.put("k", Bytes::from_static(b"x"), &meta()).await.unwrap_err();
    assert!(
        error.kind == ObjectsErrorKind::Unavailable
            && error.signal().is_some()
            && bucket.object("k").is_some()
    );
    assert!(faulty.upload("u", &meta()).await.is_err());
    assert_eq!(bucket.unfinished(), ["u"]);
}

#[tokio::test]
async fn failed_call_has_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = MemoryObjects::default();
    for (fault, kind) in [
        (Fault::ObjectsFail, ObjectsErrorKind::Unavailable),
        (Fault::ObjectsThrottle, ObjectsErrorKind::Throttled),
    ] {
        let faulty = faults(folder.path(), &[(fault, 1000)]).objects(Arc::new(bucket.clone()));
        assert_eq!(faulty.put("k", Bytes::from_static(b"x"), &meta()).await.unwrap_err().kind, kind);
        assert!(bucket.object("k").is_none());
    }
}

#[tokio::test]
async fn messages_are_lost_late_and_refused_as_planned() {
    let folder = tempfile::tempdir().unwrap();
    let messages: Vec<_> = (1..=3).map(|n| Message { chunk: ChunkId::from_random([n; 16]) }).collect();
    let inner = Arc::new(MemoryQueue::default());
    let send = async |fault| {
        let queue = faults(folder.path(), &[(fault, 1000)]).queue(inner.clone());
        (queue.send(&messages).await, inner.take())
    };
    let (refused, sent) = send(Fault::QueueRefuse).await;
    assert_eq!((refused.unwrap(), sent.len()), (messages.clone(), 0));
    let (refused, sent) = send(Fault::QueueLose).await;
    assert_eq!((refused.unwrap().len(), sent.len()), (0, 0));
    let (refused, sent) = send(Fault::QueueDouble).await;
    assert_eq!((refused.unwrap().len(), sent.len()), (0, 6));
    assert!(send(Fault::QueueFail).await.0.is_err());

    let late = faults(folder.path(), &[(Fault::QueueDelay, 1000)]).queue(inner.clone());
    assert!(late.send(&messages[..2]).await.unwrap().is_empty() && inner.take().is_empty());
    assert!(late.send(&messages[2..]).await.unwrap().is_empty());
    assert_eq!(inner.take(), messages[..2]);
}

#[test]
fn faults_repeat_per_seed_and_differ_per_process() {
    let throws = || {
        let folder = tempfile::tempdir().unwrap();
        let all = faults(folder.path(), &[(Fault::StoreBusy, 300)]);
        let other = Faults::in_folder(folder.path(), "test");
        [all, other].map(|f| (0..200).map(|_| f.strikes(Fault::StoreBusy)).collect::<Vec<_>>())
    };
    let [first, second] = throws();
    assert_eq!([first.clone(), second.clone()], throws());
    assert_ne!(first, second);
    assert!((20..120).contains(&first.iter().filter(|struck| **struck).count()));
}

#[test]
fn removing_the_plan_ends_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    let faults = faults(folder.path(), &[(Fault::StoreBusy, 1000)]);
    assert!(faults.strikes(Fault::StoreBusy));
    std::fs::remove_file(folder.path().join(PLAN)).unwrap();
    std::thread::sleep(BELIEVED * 2);
    assert!(!faults.strikes(Fault::StoreBusy));
}

#[test]
fn faults_need_an_aws_endpoint_on_this_machine() {
    let folder = Some("/tmp");
    assert!(Faults::allowed(folder, Some("http://127.0.0.1:4566"), "api").0.is_some());
    for endpoint in [
        None,
        Some("https://s3.amazonaws.com"),
        Some("http://127.0.0.1.example.org:80"),
        Some("http://10.0.0.1:80"),
    ] {
        assert!(Faults::allowed(folder, endpoint, "api").0.is_none(), "{endpoint:?}");
    }
    assert!(Faults::allowed(None, Some("http://127.0.0.1:4566"), "api").0.is_none());
}
