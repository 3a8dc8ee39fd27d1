//! The real adapters pass the suites that the memory ones pass.

use ports::queue::{Message, SqsQueue};
use tests::System;

#[tokio::test]
async fn s3_keeps_the_contract_of_objects() {
    ports::contract::objects(&System::get().await.objects()).await;
}

#[tokio::test]
async fn sqs_keeps_the_contract_of_a_queue() {
    // A queue of the test's own: the stack's has a trigger that would take the messages away.
    let client = aws_sdk_sqs::Client::new(ports::config::aws().await);
    let url = client.create_queue().queue_name("contract").send().await.unwrap().queue_url.unwrap();
    let receive = async || {
        let received =
            client.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
        let bodies = received.messages().iter().filter_map(|m| m.body());
        bodies.map(|body| serde_json::from_str::<Message>(body).unwrap()).collect()
    };
    ports::contract::queue(&SqsQueue::new(&url), receive).await;
    client.delete_queue().queue_url(&url).send().await.unwrap();
}
