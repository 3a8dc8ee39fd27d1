//! The interview that writes the file of a new deployment.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::answers::{Answers, Question, Topic, check, question};
use super::preset::Preset;

/// Returns the next line of the input, or `None` at its end.
pub(crate) type Input<'a> = dyn FnMut() -> Result<Option<String>> + 'a;

/// Where questions are printed and answers come from.
pub(crate) struct Interview<'a> {
    pub(crate) input: &'a mut Input<'a>,
    pub(crate) output: &'a mut dyn Write,
    /// True if there are no questions: an answer without a default must be given by an option.
    pub(crate) silent: bool,
}

impl Interview<'_> {
    /// Returns the preset: the given one, or the answer. The name of the deployment may be that of a preset.
    pub(crate) fn preset(&mut self, given: Option<Preset>, name: &str) -> Result<Preset> {
        if let Some(preset) = given.or_else(|| Preset::named(name)) {
            return Ok(preset);
        }
        if self.silent {
            bail!("--preset is missing: try, rds or aurora");
        }
        writeln!(
            self.output,
            "What is to be deployed?\n  \
             try     a trial with its own network and a small database; nothing of yours is touched\n  \
             rds     for your RDS or other PostgreSQL, reached directly\n  \
             aurora  for your Aurora cluster, private and complete: proxy, endpoints, shared cache, alarms, traces"
        )?;
        loop {
            match self.line("preset", "try")?.as_str() {
                "" => return Ok(Preset::Try),
                name => match Preset::named(name) {
                    Some(preset) => return Ok(preset),
                    None => writeln!(self.output, "  {name}: one of try, rds, aurora")?,
                },
            }
        }
    }

    /// Asks the questions of a preset that have no answer yet, and checks all answers.
    pub(crate) fn complete(&mut self, preset: Preset, answers: &mut Answers) -> Result<()> {
        let topics = preset.topics();
        if let Some(topic) = answers.0.keys().find(|topic| !topics.contains(topic)) {
            bail!("--{} is not part of this preset", question(*topic).option);
        }
        let mut asked = 0;
        for topic in topics {
            let question = question(*topic);
            if *topic == Topic::Region && !answers.0.contains_key(topic) {
                let region = answers.address().region().map(str::to_owned);
                if let Some(region) = region {
                    answers.0.insert(Topic::Region, region);
                    continue;
                }
            }
            let answer = match answers.0.get(topic) {
                Some(given) => {
                    let given = given.trim().to_owned();
                    if let Err(mistake) = check(preset, *topic, &given) {
                        bail!("--{} {given:?}: {mistake}", question.option);
                    }
                    given
                }
                None => {
                    asked += 1;
                    self.ask(preset, *topic, &question, asked)?
                }
            };
            answers.0.insert(*topic, answer);
        }
        Ok(())
    }

    fn ask(&mut self, preset: Preset, topic: Topic, question: &Question, number: u32) -> Result<String> {
        let region = (topic == Topic::Region).then(region).flatten();
        let default = region.as_deref().or(question.default);
        if self.silent {
            let usual = default.filter(|text| check(preset, topic, text).is_ok());
            let why = || format!("--{} is missing: {} ({})", question.option, question.text, question.hint);
            return usual.map(str::to_owned).with_context(why);
        }
        writeln!(self.output, "\n{number}. {}\n   {}", question.text, question.hint)?;
        loop {
            let mut answer = self.line(question.option, default.unwrap_or_default())?;
            if answer.is_empty() {
                default.unwrap_or_default().clone_into(&mut answer);
            }
            match check(preset, topic, &answer) {
                Ok(()) => return Ok(answer),
                Err(mistake) => writeln!(self.output, "   {mistake}")?,
            }
        }
    }

    fn line(&mut self, prompt: &str, default: &str) -> Result<String> {
        let usual = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        write!(self.output, "{prompt}{usual}: ")?;
        self.output.flush()?;
        let line = (self.input)()?.with_context(|| {
            format!("the input ended before the question --{prompt} was answered; give the answers as options, with --yes")
        })?;
        Ok(line.trim().to_owned())
    }
}

/// Returns the region that the `aws` command would use: of the environment, or of the profile.
fn region() -> Option<String> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let of_file = || {
        let home = || variable("HOME").map(|home| Path::new(&home).join(".aws/config"));
        let text = fs::read_to_string(variable("AWS_CONFIG_FILE").map(PathBuf::from).or_else(home)?).ok()?;
        region_of_profile(&text, &variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned()))
    };
    variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).or_else(of_file)
}

/// Returns the region of a profile in the text of `~/.aws/config`.
fn region_of_profile(text: &str, profile: &str) -> Option<String> {
    let sections = [format!("[profile {profile}]"), format!("[{profile}]")];
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = sections.iter().any(|section| line == section);
        } else if inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == "region"
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the preset and the answers to a script, and what was printed.
    fn asked(script: &str, given: &[(Topic, &str)], name: &str) -> (Result<(Preset, Answers)>, String) {
        let mut output = Vec::new();
        let mut lines = script.lines();
        let mut input = || Ok(lines.next().map(str::to_owned));
        let silent = script.is_empty();
        let mut interview = Interview { input: &mut input, output: &mut output, silent };
        let mut answers = Answers(given.iter().map(|(topic, text)| (*topic, (*text).to_owned())).collect());
        let result = interview.preset(None, name).and_then(|preset| {
            interview.complete(preset, &mut answers)?;
            Ok((preset, answers))
        });
        (result, String::from_utf8(output).unwrap())
    }

    #[test]
    fn the_region_is_that_of_the_profile() {
        let text = "[default]\nregion = us-east-2\n\n[profile work]\nsso_region = eu-west-3\nregion=eu-central-1\n[sso-session s]\n";
        assert_eq!(region_of_profile(text, "work").as_deref(), Some("eu-central-1"));
        assert_eq!(region_of_profile(text, "default").as_deref(), Some("us-east-2"));
        assert_eq!(region_of_profile(text, "other"), None);
    }

    #[test]
    fn a_trial_named_try_needs_two_answers() {
        let (result, printed) = asked("eu-west-1\n\n", &[], "try");
        let (preset, answers) = result.unwrap();
        assert_eq!(
            (preset, answers.get(Topic::Region), answers.get(Topic::Email)),
            (Preset::Try, "eu-west-1", "")
        );
        assert!(
            printed.contains("1. AWS region") && printed.contains("2. E-mail address for alarms"),
            "{printed}"
        );
    }

    #[test]
    fn wrong_answers_are_asked_again_and_given_ones_are_not_asked() {
        let secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:owner-AbCdEf";
        let script = format!(
            "rdsx\nrds\ndb\nshop.abc.eu-west-1.rds.amazonaws.com/shop\n{secret}\nsubnet-1\nsubnet-1,subnet-2\nsg-1\n\n8\n"
        );
        let (result, printed) = asked(&script, &[(Topic::Email, "me@example.com")], "shop");
        let (preset, answers) = result.unwrap();
        assert_eq!(preset, Preset::Rds);
        assert_eq!(answers.get(Topic::Region), "eu-west-1", "of the address");
        assert_eq!((answers.get(Topic::Subnets), answers.get(Topic::Budget)), ("subnet-1,subnet-2", "8"));
        for text in [
            "rdsx: one of try, rds, aurora",
            "use HOST/DATABASE",
            "name at least two subnets",
            "budget [4]: ",
        ] {
            assert!(printed.contains(text), "{text}: {printed}");
        }
        assert!(!printed.contains("E-mail"), "{printed}");
    }

    #[test]
    fn without_questions_a_missing_answer_names_its_option() {
        let error =
            |given: &[(Topic, &str)], name: &str| format!("{:#}", asked("", given, name).0.err().unwrap());
        assert!(error(&[], "shop").contains("--preset is missing"));
        assert!(error(&[], "rds").contains("--address is missing: Address of the database"));
        let aurora = [(Topic::Address, "shop.cluster-a.eu-west-1.rds.amazonaws.com/shop")];
        assert!(error(&aurora, "aurora").contains("--owner-secret is missing"));
        assert!(error(&[(Topic::Budget, "4")], "try").contains("--budget is not part of this preset"));
        assert!(error(&[(Topic::Region, "mars")], "try").contains("--region \"mars\": a region is"));
        assert!(asked("", &[(Topic::Region, "eu-west-1")], "try").0.is_ok());
        let (ended, _) = asked("try\n", &[], "shop");
        assert!(format!("{:#}", ended.err().unwrap()).contains("--region was answered"));
    }
}
