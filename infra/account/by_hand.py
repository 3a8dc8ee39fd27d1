"""Questions that the account test leaves to a person, with the commands that settle them after the trial."""

from step import ByHand


class OtherClients(ByHand):
    name = "other-clients"
    question = "do other clients in the VPC reach SQS and Secrets Manager through Sluice's endpoints"
    how = "on a machine in it: `aws sqs list-queues`, before and after `CreateEndpoints=true`"


class OwnDomain(ByHand):
    name = "own-domain"
    question = "does the API respond at its own domain, and no longer by the address of AWS"
    how = (
        "`ApiDomain=… ApiCertificateArn=…`; `curl -s https://DOMAIN/api/v1/health` returns 200, "
        "`curl -s https://APIID.execute-api.REGION.amazonaws.com/api/v1/health` does not"
    )


class OwnKey(ByHand):
    name = "own-key"
    question = "does everything work with a key of your own"
    how = (
        "deploy with `KmsKeyArn=…` and the policy above, export, read the logs, fetch a file through CloudFront; "
        "`aws cloudwatch set-alarm-state …` as below sends a mail"
    )


class GradualRollback(ByHand):
    name = "gradual-rollback"
    question = (
        "does an alarm roll back a gradual deployment, and does CodeDeploy move an alias with CloudFormation "
        "(`rollout.yaml`)"
    )
    how = (
        "deploy with `GradualDeployment=Canary10Percent5Minutes Revision=1`, then with `Revision=2`, and meanwhile "
        "`aws cloudwatch set-alarm-state --alarm-name …ApiFaults… --state-value ALARM --state-reason test`; the stack ends "
        "in `UPDATE_ROLLBACK_COMPLETE`, and `aws lambda get-alias --function-name API --name live` returns version 1"
    )


class ClientAddress(ByHand):
    name = "client-address"
    question = "does API Gateway append the edge to `X-Forwarded-For` after CloudFront has appended the client"
    how = (
        "`OnlyThroughCdn=true`; a request through CloudFront, then `fields ip | filter message = \"request\"` in the api's "
        "log returns your address"
    )


class Guided(ByHand):
    name = "guided"
    question = (
        "does `sam deploy --guided` continue after `none` for each hidden parameter (according to its source it does)"
    )
    how = "the trial of [the first hour](#a-trial-with-its-own-database)"


class KilledWorker(ByHand):
    name = "killed-worker"
    question = "how soon does the session of a killed worker end"
    how = (
        "`aws lambda update-function-configuration --function-name WORKER --timeout 60` during an export of an hour; "
        "`select * from pg_stat_activity where usename = 'sluice_source'`"
    )


class ReaderTokens(ByHand):
    name = "reader-tokens"
    question = "do tokens work at the proxy's endpoint for readers"
    how = (
        "a cluster with readers, `DatabaseAuth=iam ReadFromReader=true`, `roles.sql -v iam=true`, "
        "`sluice admin check`"
    )


class Mail(ByHand):
    name = "mail"
    question = "do alarm mails arrive"
    how = (
        "with `AlarmEmail=…`, whose owner has confirmed: "
        "`aws cloudwatch set-alarm-state --alarm-name sluice-STACK-Errors --state-value ALARM --state-reason test`"
    )


class AuroraReaders(ByHand):
    name = "aurora-readers"
    question = "do readers of Aurora behave as assumed (they have `aurora_version()`, and no replay time)"
    how = "on a reader: `select pg_is_in_recovery(), to_regproc('aurora_version'), pg_last_xact_replay_timestamp()`"


class Prices(ByHand):
    name = "prices"
    question = "are the prices right"
    how = (
        "the pages named in `x/src/commands/cost/prices.rs` and `functions/lib/export/src/price.rs`, then the bill "
        "of the day after `cargo x account-test` against the items that it prints"
    )


BY_HAND = [
    OtherClients,
    OwnDomain,
    OwnKey,
    GradualRollback,
    ClientAddress,
    Guided,
    KilledWorker,
    ReaderTokens,
    Mail,
    AuroraReaders,
    Prices,
]
