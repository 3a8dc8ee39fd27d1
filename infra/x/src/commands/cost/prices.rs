//! List prices of AWS that only the documents use, in US dollars; `export::price` has those that the product uses.
//! They are written down by hand. Each is given with its unit and the page that it was read from.

/// Lambda on x86_64, first tier.
pub(super) const GB_SECOND_X86: f64 =
    price(0.000_016_666_7, "GB-second on x86_64, first tier", "aws.amazon.com/lambda/pricing");
/// HTTP API.
pub(super) const API_REQUEST: f64 =
    price(0.000_001, "request to an HTTP API, first tier", "aws.amazon.com/api-gateway/pricing");
/// EventBridge Scheduler.
pub(super) const SCHEDULE_INVOCATION: f64 =
    price(0.000_001, "invocation by EventBridge Scheduler", "aws.amazon.com/eventbridge/pricing");
/// Downloads from the bucket.
pub(super) const GET: f64 = price(0.000_000_4, "GET", "aws.amazon.com/s3/pricing");
/// Transfer out of S3.
pub(super) const TRANSFER_GB: f64 =
    price(0.09, "GB from S3 to the internet, first tier", "aws.amazon.com/s3/pricing");
/// Transfer out of CloudFront.
pub(super) const CDN_GB: f64 =
    price(0.085, "GB from CloudFront to the internet, first tier", "aws.amazon.com/cloudfront/pricing");
/// Requests to CloudFront.
pub(super) const CDN_REQUEST: f64 = price(0.000_001, "HTTPS request", "aws.amazon.com/cloudfront/pricing");
/// RDS Proxy. Confirmed for us-east-1 by pages of others that quote AWS's (the last one of 2026-07-28), not by AWS's own.
pub(super) const PROXY_VCPU_HOUR: f64 =
    price(0.015, "vCPU of the database and hour, at least two", "aws.amazon.com/rds/proxy/pricing");
/// RDS Proxy in front of Aurora Serverless. The price and the least of eight are confirmed for us-east-1 in the same way;
/// pages disagree if the ACU in use are billed or the maximum, so the maximum is assumed.
pub(super) const PROXY_ACU_HOUR: f64 =
    price(0.015, "ACU of Aurora Serverless and hour, at least eight", "aws.amazon.com/rds/proxy/pricing");
/// Aurora Serverless. Confirmed for us-east-1 by pages of others of 2026-05 and 2026-06, not by AWS's own; I/O-Optimized is
/// dearer.
pub(super) const ACU_HOUR: f64 = price(
    0.12,
    "ACU and hour of Aurora Serverless v2, PostgreSQL, Standard",
    "aws.amazon.com/rds/aurora/pricing",
);
/// Endpoints of the network.
pub(super) const ENDPOINT_HOUR: f64 =
    price(0.01, "interface endpoint, zone and hour", "aws.amazon.com/privatelink/pricing");
/// NAT gateway.
pub(super) const NAT_HOUR: f64 = price(0.045, "NAT gateway and hour", "aws.amazon.com/vpc/pricing");
/// Traffic of a NAT gateway.
pub(super) const NAT_GB: f64 = price(0.045, "GB through a NAT gateway", "aws.amazon.com/vpc/pricing");
/// Logs.
pub(super) const LOGS_GB: f64 = price(0.5, "GB of logs taken in", "aws.amazon.com/cloudwatch/pricing");
/// Metrics.
pub(super) const METRIC_MONTH: f64 =
    price(0.3, "custom metric and month", "aws.amazon.com/cloudwatch/pricing");
/// Alarms.
pub(super) const ALARM_MONTH: f64 =
    price(0.1, "metric of an alarm and month", "aws.amazon.com/cloudwatch/pricing");
/// Dashboards.
pub(super) const DASHBOARD_MONTH: f64 =
    price(3.0, "dashboard and month, after three", "aws.amazon.com/cloudwatch/pricing");
/// Secrets.
pub(super) const SECRET_MONTH: f64 = price(0.4, "secret and month", "aws.amazon.com/secrets-manager/pricing");
/// Key of the topic for alarms.
pub(super) const KEY_MONTH: f64 = price(1.0, "KMS key and month", "aws.amazon.com/kms/pricing");
/// Memory of the shared cache.
pub(super) const CACHE_GB_HOUR: f64 = price(
    0.084,
    "GB and hour of ElastiCache Serverless for Valkey, at least 0.1 GB",
    "aws.amazon.com/elasticache/pricing",
);
/// Requests to the shared cache: 0.0023 per million. Read on pages of others (the last one of 2026-06); to be checked.
pub(super) const CACHE_UNIT: f64 =
    price(2.3e-9, "unit (ECPU) of ElastiCache Serverless for Valkey", "aws.amazon.com/elasticache/pricing");
/// AWS Glue.
pub(super) const GLUE_DPU_HOUR: f64 =
    price(0.44, "DPU-hour of a Spark job, at least a minute of two DPU", "aws.amazon.com/glue/pricing");
/// Export of an RDS snapshot.
pub(super) const SNAPSHOT_EXPORT_GB: f64 =
    price(0.01, "GB of the snapshot, all of it", "aws.amazon.com/rds/postgresql/pricing");
/// Processors of Fargate.
pub(super) const FARGATE_VCPU_HOUR: f64 =
    price(0.032_38, "vCPU and hour on arm64", "aws.amazon.com/fargate/pricing");
/// Memory of Fargate.
pub(super) const FARGATE_GB_HOUR: f64 =
    price(0.003_56, "GB and hour on arm64", "aws.amazon.com/fargate/pricing");
/// Example database.
pub(super) const RDS_MICRO_HOUR: f64 =
    price(0.016, "hour of db.t4g.micro, PostgreSQL, one zone", "aws.amazon.com/rds/postgresql/pricing");
/// Storage of the example database.
pub(super) const RDS_GB_MONTH: f64 =
    price(0.115, "GB and month of gp3 at RDS", "aws.amazon.com/rds/postgresql/pricing");

/// Site of all pages.
const SITE: &[u8] = b"aws.amazon.com/";

/// Returns the price. A price without a unit or a page of AWS does not compile.
const fn price(usd: f64, per: &str, page: &str) -> f64 {
    assert!(usd > 0.0 && !per.is_empty() && page.len() > SITE.len());
    let mut at = 0;
    while at < SITE.len() {
        assert!(page.as_bytes()[at] == SITE[at]);
        at += 1;
    }
    usd
}
