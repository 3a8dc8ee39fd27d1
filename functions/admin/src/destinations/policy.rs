//! `destinations policy`: the policies that a destination needs, ready to paste.

use export::destination::Destination;
use serde_json::{Value, json};

use super::unknown;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Principals and resources of the deployment.
struct Ours<'a> {
    /// ARN of the role of the function that delivers.
    role: &'a str,
    /// Bucket of the files.
    bucket: &'a str,
    /// Partition of AWS, such as `aws`.
    partition: &'a str,
}

/// A policy with the place where it belongs.
struct Policy {
    place: String,
    body: Value,
}

/// Prints the policies.
pub(crate) async fn run(context: &Context, name: &str) -> Result<CommandOutput, Failure> {
    let all = context.store.destinations().await?;
    let Some(destination) = all.get(name) else { return Ok(unknown(name, &all)) };
    let Some(role) = &context.beside.deliver_role else {
        return Ok(CommandOutput::refused("this deployment has no role that delivers"));
    };
    let partition = role.split(':').nth(1).unwrap_or("aws");
    let ours = Ours { role, bucket: context.beside.objects.bucket(), partition };
    let policies = policies(destination, &ours);
    let text = |one: &Policy| format!("{}:\n{:#}", one.place, one.body);
    let mut parts: Vec<_> = policies.iter().map(text).collect();
    parts.push(parameters(destination, &ours));
    let data = policies.iter().map(|one| json!({ "place": one.place, "policy": one.body })).collect();
    Ok(CommandOutput::done(parts.join("\n\n"), Value::Array(data)))
}

fn policies(to: &Destination, ours: &Ours<'_>) -> Vec<Policy> {
    let below = if to.prefix.is_empty() { "*".to_owned() } else { format!("{}/*", to.prefix) };
    let objects = format!("arn:{}:s3:::{}/{below}", ours.partition, to.bucket);
    let write = json!(["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"]);
    let document = |statements: Vec<Value>| json!({ "Version": "2012-10-17", "Statement": statements });
    let key = to.kms_key.as_ref().map(|key| {
        json!({ "Sid": "UseTheKey", "Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": key })
    });
    let Some(role) = &to.role_arn else {
        let mut policies = vec![Policy {
            place: format!("Bucket policy of {}", to.bucket),
            body: document(vec![json!({
                "Sid": "FromSluice", "Effect": "Allow", "Principal": { "AWS": ours.role }, "Action": write, "Resource": objects,
            })]),
        }];
        policies.extend(key.map(|mut statement| {
            statement["Principal"] = json!({ "AWS": ours.role });
            statement["Resource"] = json!("*");
            Policy { place: "Statement for the policy of the KMS key".to_owned(), body: statement }
        }));
        return policies;
    };
    let mut trust = json!({
        "Effect": "Allow", "Principal": { "AWS": ours.role }, "Action": "sts:AssumeRole",
    });
    if let Some(id) = &to.external_id {
        trust["Condition"] = json!({ "StringEquals": { "sts:ExternalId": id } });
    }
    let files = format!("arn:{}:s3:::{}/t/*", ours.partition, ours.bucket);
    let mut statements = vec![
        json!({ "Sid": "ReadFiles", "Effect": "Allow", "Action": "s3:GetObject", "Resource": files }),
        json!({ "Sid": "WriteCopies", "Effect": "Allow", "Action": write, "Resource": objects }),
    ];
    statements.extend(key);
    vec![
        Policy { place: format!("Trust policy of {role}"), body: document(vec![trust]) },
        Policy { place: format!("Permissions of {role}"), body: document(statements) },
    ]
}

/// Returns the parameters of the deployment that the destination needs.
fn parameters(to: &Destination, ours: &Ours<'_>) -> String {
    match &to.role_arn {
        Some(role) => format!("Parameter of the deployment: DestinationRoleArns must contain {role}"),
        None => format!(
            "Parameter of the deployment: DestinationBucketArns must contain arn:{}:s3:::{}",
            ours.partition, to.bucket
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Ours<'static> =
        Ours { role: "arn:aws:iam::111111111111:role/deliver", bucket: "files", partition: "aws" };

    #[test]
    fn bucket_policy_names_the_role_that_delivers() {
        let to = Destination { bucket: "lake".into(), prefix: "in".into(), ..Destination::default() };
        let [policy] = &policies(&to, &OURS)[..] else { panic!("one policy") };
        let statement = &policy.body["Statement"][0];
        assert_eq!(
            (&statement["Principal"]["AWS"], &statement["Resource"]),
            (&json!(OURS.role), &json!("arn:aws:s3:::lake/in/*"))
        );
        assert!(parameters(&to, &OURS).ends_with("DestinationBucketArns must contain arn:aws:s3:::lake"));
    }

    #[test]
    fn role_of_another_account_reads_files_and_writes_copies() {
        let to = Destination {
            bucket: "lake".into(),
            role_arn: Some("arn:aws:iam::222222222222:role/from-sluice".into()),
            external_id: Some("b7e1".into()),
            kms_key: Some("arn:aws:kms:eu-central-1:222222222222:key/1".into()),
            ..Destination::default()
        };
        let [trust, permissions] = &policies(&to, &OURS)[..] else { panic!("two policies") };
        assert_eq!(trust.body["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"], "b7e1");
        let resources: Vec<_> =
            permissions.body["Statement"].as_array().unwrap().iter().map(|one| &one["Resource"]).collect();
        assert_eq!(
            resources,
            [&json!("arn:aws:s3:::files/t/*"), &json!("arn:aws:s3:::lake/*"), &json!(to.kms_key)]
        );
    }
}
