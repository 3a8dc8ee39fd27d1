//! The real adapters pass the suites that the memory ones pass.

use tests::System;

#[tokio::test]
async fn s3_keeps_the_contract_of_objects() {
    ports::contract::objects(&System::get().await.objects()).await;
}
