//! nginx in place of CloudFront, if installed. It caches files and has `edge.py` verify every link to one. The api is
//! reachable through it as well. Without nginx a stack behaves as one without `CreateCdn`.

mod served;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};
use serde_json::{Value, json};

pub(crate) use served::Served;

use super::state::{Ending, Stack, port_of};
use crate::machine::user::User;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, prerequisites, process, python, secret_files};

/// Names of its processes.
const NGINX: &str = "nginx";
const VERIFIER: &str = "verifier";
/// Name of its folder within the stack's folder.
const FOLDER: &str = "cdn";

const SETTINGS: &str = include_str!("cdn/nginx.conf");
/// Placeholder for a missing key in infra/cdn.yaml.
const NO_KEY: &str = "none";
/// Prefix of the bucket that the distribution may read, as in the bucket's policy on AWS.
const READABLE: &str = "/t/";

/// A distribution before its start: its port, and the key pair whose links it will accept.
pub(crate) struct Cdn {
    port: u16,
    /// Keeps the port reserved while the template is deployed with it.
    held: TcpListener,
    key_id: String,
    private: String,
    public: String,
}

impl Cdn {
    /// Creates a key pair and chooses a port. Returns `None` if nginx is not installed.
    pub(crate) fn prepare(venv: &Venv) -> Result<Option<Self>> {
        if prerequisites::nginx().is_none() {
            return Ok(None);
        }
        // ECDSA keeps links short.
        let pair = python::call(&venv.python(), "emulator/key_pair.py", &json!({"kind": "ECDSA"}))?;
        let half =
            |name: &str| pair[name].as_str().map(str::to_owned).context("key_pair.py created no key pair");
        let key_id = format!("K{}", &secret_files::password()?.to_uppercase()[..13]);
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
        let port = held.local_addr()?.port();
        Ok(Some(Self { port, held, key_id, private: half("private")?, public: half("public")? }))
    }

    /// Returns the parameters of the template.
    pub(crate) fn parameters(&self) -> [(String, String); 2] {
        [("CreateCdn".to_owned(), "true".to_owned()), ("CdnFirstKey".to_owned(), self.public.clone())]
    }

    /// Returns the outputs that infra/cdn.yaml would have.
    pub(crate) fn outputs(&self) -> Value {
        json!({
            "Domain": self.domain(),
            "DistributionDomain": self.domain(),
            "DistributionArn": format!("arn:aws:cloudfront::000000000000:distribution/{}", self.key_id),
            "FirstKeyId": self.key_id,
            "SecondKeyId": NO_KEY,
        })
    }

    /// Starts verifier and nginx in front of the deployed api and bucket, and fills the secret as an operator does.
    /// Fills in the stack's CDN fields.
    pub(crate) fn start(self, stack: &mut Stack, venv: &Venv) -> Result<()> {
        let folder = stack.data(FOLDER)?;
        stack.cdn_keys = folder.join("keys");
        fs::create_dir_all(&stack.cdn_keys)?;
        User::unprivileged()?.own(&folder)?;
        fs::write(stack.cdn_keys.join(format!("{}.pem", self.key_id)), &self.public)?;
        let verifier = process::free_port()?;
        self.start_verifier(stack, venv, verifier)?;
        let domain = self.domain();
        let text = json!({"domain": domain, "keyPairId": self.key_id, "privateKey": self.private});
        let origin = origin_header(stack, venv)?;
        self.start_nginx(stack, verifier, origin)?;
        let put = json!({
            "stack": stack,
            "service": "secretsmanager",
            "operation": "put_secret_value",
            "arguments": {"SecretId": stack.cdn_secret, "SecretString": text.to_string()},
        });
        python::call(&venv.python(), "emulator/call.py", &put)?;
        stack.cdn_url = format!("http://{domain}");
        stack.save()
    }

    fn start_verifier(&self, stack: &mut Stack, venv: &Venv, port: u16) -> Result<()> {
        let settings = json!({
            "port": port,
            "base": format!("http://{}", self.domain()),
            "keys": stack.cdn_keys,
            "endpoint": stack.aws_endpoint,
            "bucket": stack.bucket,
            "readable": READABLE,
            "region": stack.region,
            "accessKey": stack.access_key,
            "secretKey": stack.secret_key,
        });
        let file = stack.work_dir.join(FOLDER).join("verifier.json");
        secret_files::write(&file, serde_json::to_vec_pretty(&settings)?, User::Own)?;
        let mut command = environment::command(venv.python());
        command
            .arg(paths::script("emulator/edge.py"))
            .arg(file)
            .current_dir(&stack.work_dir)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let log = stack.work_dir.join("verifier.log");
        let pid = process::start(command, &log)?;
        stack.started(VERIFIER, Ending::Terminate, pid)?;
        process::await_port(port, pid, &stack.mark(), &log)
    }

    fn start_nginx(self, stack: &mut Stack, verifier: u16, origin: String) -> Result<()> {
        let folder = stack.work_dir.join(FOLDER);
        let file = folder.join("nginx.conf");
        let emulator = port_of(&stack.aws_endpoint);
        let api = stack.url.strip_prefix(&stack.aws_endpoint).and_then(|path| path.strip_suffix("/api/v1"));
        let filled = [
            ("@FOLDER@", folder.display().to_string()),
            ("@LOG@", served::file(stack).display().to_string()),
            ("@PORT@", self.port.to_string()),
            ("@VERIFIER@", verifier.to_string()),
            ("@EMULATOR@", emulator.to_owned()),
            ("@BUCKET@", stack.bucket.clone()),
            ("@ORIGIN@", origin),
            ("@API@", api.context("the API's URL is not one of the emulator")?.to_owned()),
        ];
        let settings =
            filled.iter().fold(SETTINGS.to_owned(), |text, (word, value)| text.replace(word, value));
        secret_files::write(&file, settings.into_bytes(), User::unprivileged()?)?;
        let mut command =
            User::unprivileged()?.command(prerequisites::nginx().context("nginx is not running")?);
        command.arg("-p").arg(&folder).arg("-c").arg(&file).current_dir(&folder).env_clear();
        let log = stack.work_dir.join("nginx.log");
        drop(self.held);
        let pid = process::start(command, &log)?;
        stack.started(NGINX, Ending::Terminate, pid)?;
        process::await_port(self.port, pid, &stack.mark(), &log)
    }

    fn domain(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Reads the header that CloudFormation would put into the distribution. Empty if the api requires none.
fn origin_header(stack: &Stack, venv: &Venv) -> Result<String> {
    if stack.origin_secret.is_empty() {
        return Ok(String::new());
    }
    let get = json!({
        "stack": stack,
        "service": "secretsmanager",
        "operation": "get_secret_value",
        "arguments": {"SecretId": stack.origin_secret},
    });
    let answer = python::call(&venv.python(), "emulator/call.py", &get)?;
    Ok(answer["SecretString"].as_str().context("the secret of CloudFront's header is empty")?.to_owned())
}
