//! Answers to the questions about a new deployment: their options on the command line, texts, defaults and checks.

use std::collections::BTreeMap;

use clap::Args;

use super::preset::{Preset, unpooled_store_sessions};

/// Subject of a question. Its option has the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    Region,
    Address,
    OwnerSecret,
    DatabaseGroup,
    Vpc,
    Subnets,
    Groups,
    Budget,
    MaxConnections,
    Email,
}

/// A question as it is printed.
pub(crate) struct Question {
    pub(crate) option: &'static str,
    pub(crate) text: &'static str,
    /// Place where the answer is found, or an example.
    pub(crate) hint: &'static str,
    /// Answer of an empty line; `None` if there must be one.
    pub(crate) default: Option<&'static str>,
}

/// Options that answer the questions of the interview beforehand.
#[derive(Args, Default)]
#[command(next_help_heading = "Answers for a new deployment (questions if missing)")]
pub(crate) struct AnswerArgs {
    /// Kind of deployment to begin with.
    #[arg(long, value_enum)]
    pub(crate) preset: Option<Preset>,
    /// AWS region.
    #[arg(long)]
    region: Option<String>,
    /// Address of your database (rds, aurora): HOST:PORT/DATABASE.
    #[arg(long)]
    address: Option<String>,
    /// ARN of the secret of a role that may create roles and schemas (rds, aurora).
    #[arg(long, value_name = "ARN")]
    owner_secret: Option<String>,
    /// Security group of the database (aurora).
    #[arg(long, value_name = "SG")]
    database_group: Option<String>,
    /// VPC, its range, and its route tables: "vpc-1 10.0.0.0/16 rtb-1,rtb-2"; with a NAT gateway "vpc-1" (aurora), or nothing
    /// (rds).
    #[arg(long)]
    vpc: Option<String>,
    /// Subnets of the functions, separated by commas (rds, aurora).
    #[arg(long)]
    subnets: Option<String>,
    /// Security groups of the functions, separated by commas (rds, aurora).
    #[arg(long)]
    groups: Option<String>,
    /// Sessions that may read at the same time (rds, aurora).
    #[arg(long)]
    budget: Option<String>,
    /// The database's `max_connections` (aurora).
    #[arg(long)]
    max_connections: Option<String>,
    /// Address that gets the alarms.
    #[arg(long)]
    email: Option<String>,
}

impl AnswerArgs {
    /// Returns the answers that were given.
    pub(crate) fn given(&self) -> Answers {
        let all = [
            (Topic::Region, &self.region),
            (Topic::Address, &self.address),
            (Topic::OwnerSecret, &self.owner_secret),
            (Topic::DatabaseGroup, &self.database_group),
            (Topic::Vpc, &self.vpc),
            (Topic::Subnets, &self.subnets),
            (Topic::Groups, &self.groups),
            (Topic::Budget, &self.budget),
            (Topic::MaxConnections, &self.max_connections),
            (Topic::Email, &self.email),
        ];
        Answers(all.into_iter().filter_map(|(topic, value)| Some((topic, value.clone()?))).collect())
    }
}

/// Answers by topic.
#[derive(Default)]
pub(crate) struct Answers(pub(crate) BTreeMap<Topic, String>);

impl Answers {
    /// Returns the answer, empty without one.
    pub(crate) fn get(&self, topic: Topic) -> &str {
        self.0.get(&topic).map_or("", |text| text.trim())
    }

    /// Returns the answer unless it is empty.
    pub(crate) fn some(&self, topic: Topic) -> Option<&str> {
        Some(self.get(topic)).filter(|text| !text.is_empty())
    }

    /// Returns a number that [`check`] has accepted.
    pub(crate) fn number(&self, topic: Topic) -> u32 {
        self.get(topic).parse().unwrap_or_default()
    }

    /// Returns the parts of the address.
    pub(crate) fn address(&self) -> Address<'_> {
        Address::of(self.get(Topic::Address)).unwrap_or_default()
    }
}

/// Parts of `HOST[:PORT]/DATABASE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    host: &'a str,
    pub(crate) port: &'a str,
    pub(crate) database: &'a str,
}

impl<'a> Address<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (server, database) = text.split_once('/')?;
        let (host, port) = server.split_once(':').unwrap_or((server, "5432"));
        let plain = |part: &str| !part.is_empty() && !part.contains([':', '/', '@', '?', ' ']);
        (plain(host) && plain(database) && port.parse::<u16>().is_ok()).then_some(Self {
            host,
            port,
            database,
        })
    }

    /// Returns the region in the name of a host of RDS, `….REGION.rds.amazonaws.com`.
    pub(crate) fn region(self) -> Option<&'a str> {
        let name = self
            .host
            .strip_suffix(".rds.amazonaws.com")
            .or(self.host.strip_suffix(".rds.amazonaws.com.cn"))?;
        name.rsplit('.').next()
    }

    /// Returns the identifier of a cluster, which its address begins with.
    pub(crate) fn cluster(self) -> &'a str {
        self.host.split('.').next().unwrap_or_default()
    }
}

/// Returns the question about a topic.
pub(crate) fn question(topic: Topic) -> Question {
    let (option, text, hint, default) = match topic {
        Topic::Region => ("region", "AWS region", "such as eu-west-1", None),
        Topic::Address => (
            "address",
            "Address of the database, as HOST/DATABASE",
            "its own endpoint (of Aurora that of the cluster), not a pooler: shop.abc.eu-west-1.rds.amazonaws.com/shop",
            None,
        ),
        Topic::OwnerSecret => (
            "owner-secret",
            "ARN of the secret with role and password of the owner, who creates schema and roles",
            "aws rds describe-db-instances (or -clusters) --query '*[].MasterUserSecret.SecretArn'",
            None,
        ),
        Topic::DatabaseGroup => (
            "database-group",
            "Security group of the database, which gets a rule for the proxy",
            "aws rds describe-db-clusters --query 'DBClusters[].VpcSecurityGroups'",
            None,
        ),
        Topic::Vpc => (
            "vpc",
            "VPC; without a NAT gateway also its range, and the route tables of the subnets",
            "with a NAT gateway, or with endpoints: vpc-1 (rds: empty). Otherwise: vpc-1 10.0.0.0/16 rtb-1,rtb-2, which creates \
             endpoints; from then on the whole VPC reaches SQS and Secrets Manager through them (no rtb-… if S3 has one)",
            Some(""),
        ),
        Topic::Subnets => (
            "subnets",
            "Subnets of the functions, in two zones, from which the database is reached",
            "such as subnet-1,subnet-2: aws ec2 describe-subnets",
            None,
        ),
        Topic::Groups => (
            "groups",
            "Security group of the functions",
            "a new one will do: aws ec2 create-security-group. Without a proxy the database's must allow it",
            None,
        ),
        Topic::Budget => (
            "budget",
            "Sessions of the database that may read at the same time (the budget)",
            "fewer spare the database, more export faster",
            Some("4"),
        ),
        Topic::MaxConnections => {
            ("max-connections", "Sessions that the database allows in all", "show max_connections", None)
        }
        Topic::Email => ("email", "E-mail address for alarms", "empty: none", Some("")),
    };
    Question { option, text, hint, default }
}

/// Returns the mistake in an answer.
pub(crate) fn check(preset: Preset, topic: Topic, answer: &str) -> Result<(), String> {
    let begins = |list: &str, prefix: &str| {
        list.split(',').all(|id| id.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()))
    };
    let number = |least: u32| answer.parse::<u32>().is_ok_and(|number| number >= least);
    match topic {
        _ if answer.is_empty() && question(topic).default != Some("") => Err("an answer is needed".into()),
        Topic::Region if answer.split('-').count() < 3 => Err("a region is a text such as eu-west-1".into()),
        Topic::Address => match Address::of(answer) {
            None => Err("use HOST/DATABASE or HOST:PORT/DATABASE, without a role and a password".into()),
            Some(address) if preset == Preset::Aurora && !address.host.contains(".cluster-") => {
                Err("use the endpoint of the cluster: NAME.cluster-….REGION.rds.amazonaws.com/DATABASE"
                    .into())
            }
            Some(address)
                if preset == Preset::Aurora
                    && [".cluster-ro-", ".cluster-custom-"]
                        .iter()
                        .any(|name| address.host.contains(name)) =>
            {
                Err("use the endpoint of the writer, NAME.cluster-…: without -ro or -custom".into())
            }
            Some(address) if preset == Preset::Aurora && address.region().is_none() => {
                Err("the endpoint of a cluster ends with .REGION.rds.amazonaws.com".into())
            }
            Some(_) => Ok(()),
        },
        Topic::OwnerSecret if !(answer.starts_with("arn:") && answer.contains(":secretsmanager:")) => {
            Err("the ARN of a secret begins with arn:aws:secretsmanager:".into())
        }
        Topic::DatabaseGroup | Topic::Groups if !begins(answer, "sg-") => {
            Err("ids of security groups begin with sg-".into())
        }
        Topic::Subnets if !begins(answer, "subnet-") || !answer.contains(',') => {
            Err("name at least two subnets, separated by commas without spaces: subnet-1,subnet-2".into())
        }
        Topic::Vpc => vpc(preset, answer),
        Topic::Budget if !number(2) => Err("a whole number of at least 2".into()),
        Topic::Budget if preset == Preset::Rds => budget(answer),
        Topic::MaxConnections if !number(20) => Err("a whole number of at least 20".into()),
        Topic::Email if !answer.is_empty() && !answer.contains('@') => Err("an address contains an @".into()),
        _ => Ok(()),
    }
}

fn vpc(preset: Preset, answer: &str) -> Result<(), String> {
    let words: Vec<_> = answer.split_whitespace().collect();
    match words.as_slice() {
        [] if preset == Preset::Aurora => {
            Err("the proxy needs the VPC: vpc-1, or vpc-1 10.0.0.0/16 rtb-1,rtb-2".into())
        }
        [] => Ok(()),
        [id] if preset == Preset::Aurora && id.starts_with("vpc-") => Ok(()),
        [id, range] | [id, range, _] if id.starts_with("vpc-") && range.contains('/') => Ok(()),
        _ => Err("use: VPC RANGE [ROUTE TABLES], such as vpc-1 10.0.0.0/16 rtb-1,rtb-2".into()),
    }
}

/// Checks a budget without a pooler, for which the template's rules have steps.
fn budget(answer: &str) -> Result<(), String> {
    const ALLOWED: [u32; 15] = [2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 22, 24, 32, 38];
    let number = answer.parse().unwrap_or_default();
    if ALLOWED.contains(&number) && unpooled_store_sessions(number).is_some() {
        return Ok(());
    }
    Err("without a pooler one of 2-6, 8, 10, 12, 14, 16, 20, 22, 24, 32, 38".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_cluster_contains_its_name_and_region() {
        let address = Address::of("shop.cluster-abc.eu-west-1.rds.amazonaws.com:5433/orders").unwrap();
        assert_eq!((address.cluster(), address.region()), ("shop", Some("eu-west-1")));
        assert_eq!((address.port, address.database), ("5433", "orders"));
        assert_eq!(Address::of("db.example.com/shop").unwrap().region(), None);
        for wrong in
            ["shop", "/shop", "db/", "role@db/shop", "postgres://db/shop", "db:x/shop", "db/shop?a=b"]
        {
            assert_eq!(Address::of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn wrong_answers_are_refused_with_an_example() {
        for (preset, topic, wrong, expected) in [
            (Preset::Try, Topic::Region, "europe", "eu-west-1"),
            (Preset::Rds, Topic::Address, "db", "HOST/DATABASE"),
            (Preset::Aurora, Topic::Address, "db.example.com/shop", ".cluster-"),
            (
                Preset::Aurora,
                Topic::Address,
                "shop.cluster-ro-a.eu-west-1.rds.amazonaws.com/shop",
                "without -ro",
            ),
            (
                Preset::Aurora,
                Topic::Address,
                "shop.cluster-custom-a.eu-west-1.rds.amazonaws.com/shop",
                "writer",
            ),
            (Preset::Aurora, Topic::Vpc, "", "vpc-1"),
            (Preset::Rds, Topic::Vpc, "vpc-1", "RANGE"),
            (Preset::Rds, Topic::Subnets, "subnet-1", "at least two"),
            (Preset::Rds, Topic::Groups, "default", "sg-"),
            (Preset::Rds, Topic::Budget, "7", "2-6, 8"),
            (Preset::Aurora, Topic::Budget, "many", "whole number"),
            (Preset::Rds, Topic::OwnerSecret, "hunter2", "arn:aws:secretsmanager:"),
            (Preset::Try, Topic::Email, "me", "@"),
        ] {
            let error = check(preset, topic, wrong).unwrap_err();
            assert!(error.contains(expected), "{topic:?}: {error}");
        }
        assert!(check(Preset::Aurora, Topic::Budget, "7").is_ok());
        assert!(
            check(Preset::Rds, Topic::Vpc, "").is_ok() && check(Preset::Aurora, Topic::Vpc, "vpc-1").is_ok()
        );
    }
}
