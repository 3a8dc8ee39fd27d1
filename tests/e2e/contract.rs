//! The real adapters pass the same suites as the memory adapters.

use std::sync::Arc;

use export::destination::Destination as Definition;
use ports::cache::{LayeredCache, MemoryCache, MemoryLimits, RedisCache};
use ports::destination::{Destinations, PART_BYTES, S3Destinations};
use ports::fault::Faults;
use ports::objects::Objects;
use ports::queue::{Message, Queue, SqsQueue};
use tests::{Redis, System};

#[tokio::test]
async fn s3_keeps_the_contract_of_objects() {
    let objects = System::get().await.objects();
    ports::contract::objects(&objects).await;
    // With injected faults that are off, too. One after the other, because both use the same prefix.
    let (_folder, faults) = faults_off();
    ports::contract::objects(&*faults.objects(Arc::new(objects))).await;
}

#[tokio::test]
async fn s3_keeps_the_contract_of_destinations() {
    let files = System::get().await.objects();
    let definition = Definition { bucket: files.bucket().to_owned(), ..Definition::default() };
    // In one call, and in parts of the least size, of which the emulator reports no checksum of the whole.
    for (part_bytes, compares) in [(PART_BYTES, true), (5 << 20, false)] {
        let open = S3Destinations::new(part_bytes).open(&definition, "contract").await.unwrap();
        ports::contract::destination(&files, &*open, compares).await;
    }
}

/// Returns faults of which none is requested, and their folder.
fn faults_off() -> (tempfile::TempDir, Faults) {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::in_folder(folder.path(), "contract");
    (folder, faults)
}

#[tokio::test]
async fn sqs_keeps_the_contract_of_a_queue() {
    // A dedicated queue: the stack's has a trigger that would take the messages away.
    let client = aws_sdk_sqs::Client::new(ports::config::aws().await);
    let url = client.create_queue().queue_name("contract").send().await.unwrap().queue_url.unwrap();
    // With injected faults that are off, too.
    let (_folder, faults) = faults_off();
    let plain: Arc<dyn Queue> = Arc::new(SqsQueue::new(&url));
    for queue in [plain.clone(), faults.queue(plain)] {
        let receive = async || {
            let received =
                client.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
            let bodies = received.messages().iter().filter_map(|m| m.body());
            bodies.map(|body| serde_json::from_str::<Message>(body).unwrap()).collect()
        };
        ports::contract::queue(&*queue, receive).await;
    }
    client.delete_queue().queue_url(&url).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_the_contract_of_a_cache() {
    let Some(redis) = Redis::start() else { return };
    let cache = RedisCache::new(&redis.url).unwrap();
    ports::contract::cache(&cache).await;
    ports::contract::cache_outage(&cache, switch(&redis)).await;
    ports::contract::cache(&cache).await;
    // It stops responding for a while and then continues with all its contents.
    ports::contract::cache_outage(&cache, async |on: bool| redis.hold(!on)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_before_redis_keeps_the_contract_of_a_cache() {
    let Some(redis) = Redis::start() else { return };
    let memory = Arc::new(MemoryCache::new(MemoryLimits::default()));
    let cache = LayeredCache::new(memory, Arc::new(RedisCache::new(&redis.url).unwrap()));
    ports::contract::cache(&cache).await;
    ports::contract::cache_outage(&cache, switch(&redis)).await;
    ports::contract::cache(&cache).await;
}

/// Kills the server and starts it again, empty.
fn switch(redis: &Redis) -> impl AsyncFnMut(bool) {
    async |on| if on { redis.resume().unwrap() } else { redis.stop() }
}
