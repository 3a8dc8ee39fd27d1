//! The three presets of a deployment: the questions that each asks, and the parameters that follow from the answers.

use clap::ValueEnum;

use super::answers::{Answers, Topic};
use super::file::Setting;

/// Kind of deployment to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// A trial with its own network and a small database; nothing of yours is touched.
    Try,
    /// Your RDS or other PostgreSQL, reached directly.
    Rds,
    /// Your Aurora cluster, private and complete: RDS Proxy, VPC endpoints, shared cache, alarms, traces.
    Aurora,
}

/// Sessions of the store that the rules of the template require without a pooler, by the largest budget of each step.
const UNPOOLED: [(u32, u32); 4] = [(6, 16), (14, 24), (22, 32), (38, 48)];

impl Preset {
    /// Returns the preset with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::from_str(name, true).ok()
    }

    /// Returns the questions in their order. That for the region is left out if the address contains it.
    pub(crate) fn topics(self) -> &'static [Topic] {
        use Topic as T;
        match self {
            Self::Try => &[T::Region, T::Email],
            Self::Rds => {
                &[T::Address, T::Region, T::OwnerSecret, T::Subnets, T::Groups, T::Vpc, T::Budget, T::Email]
            }
            Self::Aurora => &[
                T::Address,
                T::Region,
                T::OwnerSecret,
                T::DatabaseGroup,
                T::Vpc,
                T::Subnets,
                T::Groups,
                T::Budget,
                T::MaxConnections,
                T::Email,
            ],
        }
    }

    /// Returns the parameters in the order of the file. `answers` has all topics of this preset.
    pub(crate) fn parameters(self, answers: &Answers, architecture: &str) -> Vec<Setting> {
        let mut settings = match self {
            Self::Try => of_trial(),
            Self::Rds => of_rds(answers),
            Self::Aurora => of_aurora(answers),
        };
        settings.push(Setting::new("Architecture", architecture, "the functions are built for it"));
        if let Some(email) = answers.some(Topic::Email) {
            settings.push(Setting::new(
                "AlarmEmail",
                email,
                "confirm the subscription in the mail that arrives",
            ));
        }
        settings
    }
}

/// Returns the sessions of the store that go with a budget without a pooler, if the template's rules allow the budget.
pub(crate) fn unpooled_store_sessions(budget: u32) -> Option<u32> {
    UNPOOLED.iter().find(|(largest, _)| budget <= *largest).map(|(_, sessions)| *sessions)
}

fn of_trial() -> Vec<Setting> {
    vec![
        Setting::new("CreateExample", "true", "a network and a small database, deleted with the stack"),
        Setting::new("Pooler", "proxy", "with RDS Proxy, so that nothing has to be reserved"),
        Setting::new("ReserveConcurrency", "false", "new accounts cannot reserve concurrency"),
        Setting::new("Budget", "4", "sessions that read at the same time"),
        Setting::new("StoreSessions", "8", "sessions of Sluice's own tables"),
    ]
}

fn of_rds(answers: &Answers) -> Vec<Setting> {
    let budget = answers.number(Topic::Budget);
    let sessions = unpooled_store_sessions(budget).unwrap_or_default().to_string();
    let address = answers.get(Topic::Address);
    let mut settings = vec![
        Setting::new("Pooler", "none", "or proxy, or own: infra/README.md, \"With or without a pooler\""),
        Setting::new("Budget", budget.to_string(), "sessions that read at the same time"),
        Setting::new("StoreSessions", sessions, "without a pooler at least Budget + 10"),
        Setting::new("SourceUrl", format!("postgres://sluice_source@{address}"), "the role is created"),
        Setting::new("SourceSecretArn", "create", "replaced by the ARN of the secret that is created"),
        Setting::new("StoreUrl", format!("postgres://sluice_store@{address}"), "the role is created"),
        Setting::new("StoreSecretArn", "create", "replaced by the ARN of the secret that is created"),
    ];
    settings.extend(owner(answers));
    settings.extend(network(answers));
    settings
}

fn of_aurora(answers: &Answers) -> Vec<Setting> {
    let address = answers.address();
    let budget = answers.number(Topic::Budget);
    let sessions = (budget + 4).to_string();
    let connections = answers.get(Topic::MaxConnections);
    let mut settings = vec![
        Setting::new("Pooler", "proxy", "an RDS Proxy, with the passwords of both roles"),
        Setting::new("ProxyTarget", "cluster", ""),
        Setting::new("ProxyTargetId", address.cluster(), "identifier of the cluster"),
        Setting::new("ReadFromReader", "false", "true if the cluster has a reader that should be read"),
        Setting::new("DatabaseName", address.database, ""),
        Setting::new("DatabasePort", address.port, ""),
        Setting::new(
            "DatabaseSecurityGroupId",
            answers.get(Topic::DatabaseGroup),
            "gets a rule for the proxy",
        ),
        Setting::new("MaxConnections", connections, "the database's max_connections"),
        Setting::new("Budget", budget.to_string(), "sessions that read at the same time"),
        Setting::new("StoreSessions", sessions, "sessions of Sluice's own tables"),
    ];
    settings.extend(owner(answers));
    settings.extend(network(answers));
    settings.extend([
        Setting::new("CreateCache", "true", "a shared cache of the api"),
        Setting::new("Tracing", "Active", "traces in X-Ray"),
        Setting::new("CreateAlarms", "true", ""),
    ]);
    settings
}

fn owner(answers: &Answers) -> [Setting; 2] {
    let url = format!("postgres://{}", answers.get(Topic::Address));
    [
        Setting::new("OwnerUrl", url, "the deployment creates schema and roles as the owner"),
        Setting::new("OwnerSecretArn", answers.get(Topic::OwnerSecret), "role and password of the owner"),
    ]
}

fn network(answers: &Answers) -> Vec<Setting> {
    let mut settings = vec![
        Setting::new("VpcSubnetIds", answers.get(Topic::Subnets), "in two zones"),
        Setting::new("VpcSecurityGroupIds", answers.get(Topic::Groups), "of the functions"),
    ];
    let mut words = answers.get(Topic::Vpc).split_whitespace();
    if let Some(id) = words.next() {
        settings.push(Setting::new("VpcId", id, ""));
    }
    // Without a NAT gateway only: with one, nothing has to be created.
    if let Some(range) = words.next() {
        let tables = words.next().unwrap_or_default();
        settings.extend([
            Setting::new("VpcCidr", range, "may use the endpoints"),
            Setting::new("RouteTableIds", tables, "empty if there is a gateway endpoint of S3"),
            Setting::new("CreateEndpoints", "true", "sqs if the VPC has the endpoint of Secrets Manager"),
        ]);
    }
    settings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_preset_asks_more_than_ten_questions() {
        for preset in Preset::value_variants() {
            // The first question is for the preset. Aurora's address contains the region.
            let region = usize::from(*preset == Preset::Aurora);
            assert!(1 + preset.topics().len() - region <= 10, "{preset:?}");
        }
    }

    /// The same file is checked against the rules of the template by infra/deploy/test_parameters.py.
    #[test]
    fn presets_give_the_parameters_whose_rules_are_checked() {
        let secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1-AbCdEf";
        let answers = |address: &str, vpc: &str, budget: &str| {
            Answers(BTreeMap::from([
                (Topic::Region, "eu-west-1".to_owned()),
                (Topic::Address, address.to_owned()),
                (Topic::OwnerSecret, secret.to_owned()),
                (Topic::DatabaseGroup, "sg-1".to_owned()),
                (Topic::Vpc, vpc.to_owned()),
                (Topic::Subnets, "subnet-1,subnet-2".to_owned()),
                (Topic::Groups, "sg-2".to_owned()),
                (Topic::Budget, budget.to_owned()),
                (Topic::MaxConnections, "400".to_owned()),
                (Topic::Email, "me@example.com".to_owned()),
            ]))
        };
        let (rds, aurora) = (
            "shop.abc.eu-west-1.rds.amazonaws.com/shop",
            "shop.cluster-abc.eu-west-1.rds.amazonaws.com:5433/shop",
        );
        let found: BTreeMap<_, BTreeMap<_, _>> = [
            ("try", Preset::Try, answers("", "", "")),
            ("rds", Preset::Rds, answers(rds, "", "8")),
            ("rds without NAT", Preset::Rds, answers(rds, "vpc-1 10.0.0.0/16 rtb-1,rtb-2", "38")),
            ("aurora", Preset::Aurora, answers(aurora, "vpc-1 10.0.0.0/16", "8")),
            ("aurora with NAT", Preset::Aurora, answers(aurora, "vpc-1", "8")),
        ]
        .into_iter()
        .map(|(name, preset, answers)| {
            let settings = preset.parameters(&answers, "arm64");
            (name.to_owned(), settings.into_iter().map(|one| (one.name, one.value)).collect())
        })
        .collect();
        let recorded: BTreeMap<String, BTreeMap<String, String>> =
            serde_json::from_str(include_str!("../../../../deploy/presets.json")).unwrap();
        assert_eq!(found, recorded, "{}", serde_json::to_string_pretty(&found).unwrap());
    }

    #[test]
    fn sessions_of_the_store_follow_from_the_budget() {
        assert_eq!(unpooled_store_sessions(4), Some(16));
        assert_eq!(unpooled_store_sessions(8), Some(24));
        assert_eq!(unpooled_store_sessions(38), Some(48));
        assert_eq!(unpooled_store_sessions(39), None);
    }
}
