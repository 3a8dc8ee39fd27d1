"""The template and the code agree: variables, the trigger, and what a worker answers."""

import json
import re
import unittest
from pathlib import Path

import template
from template import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r"""(?:required|number|optional|var|var_os|Login::from_env)(?:::<\w+>)?\(\s*"(SLUICE_[A-Z_]+)\"""")


def sources(function):
    return "\n".join(path.read_text() for path in (ROOT / "functions" / function / "src").rglob("*.rs"))


def read_by(function):
    """The variables that a function reads. The method of a login is read where all functions read it, in the ports."""
    found = set(READ.findall(sources(function)))
    ports = (ROOT / "functions/lib/ports/src/postgres/login.rs").read_text()
    return found | set(READ.findall(ports)) if "Login::from_env(" in sources(function) else found


class Agreement(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.source = template.parse((ROOT / "template.yaml").read_text())

    def properties(self, function):
        return self.source["Resources"][FUNCTIONS[function]]["Properties"]

    def test_a_function_reads_exactly_the_variables_it_is_given(self):
        shared = self.source["Globals"]["Function"]["Environment"]["Variables"]
        for function in FUNCTIONS:
            with self.subTest(function):
                given = {*shared, *self.properties(function).get("Environment", {}).get("Variables", {})}
                # The allocator's own are read by glibc, the log's level in ports/src/telemetry.rs. A revision is read by
                # no code: Lambda publishes another version only of a function that has changed.
                ours = {name for name in given if not name.startswith("MALLOC_") and name not in ("RUST_LOG", "SLUICE_REVISION")}
                # The code of admin is also that of the bootstrap, which has one variable of its own.
                ours |= {"SLUICE_BOOTSTRAP"} if function == "admin" else set()
                # A function outside the VPC is given nothing of the databases.
                ours = {name for name in ours if self.properties(function)["Environment"]["Variables"].get(name) != template.NO_VALUE}
                self.assertEqual(read_by(function), ours)

    def test_the_bootstrap_is_given_what_its_code_reads(self):
        shared = self.source["Globals"]["Function"]["Environment"]["Variables"]
        given = self.source["Resources"]["BootstrapFunction"]["Properties"]["Environment"]["Variables"]
        logins = {f"SLUICE_{of}_{what}" for of in ("OWNER", "SOURCE", "STORE") for what in ("URL", "SECRET")}
        self.assertEqual(set(given), {"SLUICE_BOOTSTRAP", *logins})
        self.assertLessEqual({*given, *shared} - {"RUST_LOG"}, read_by("admin"))

    def test_deployed_templates_cannot_enable_injected_faults(self):
        """Only the local stack's emulator names the address of injected faults, and only one file of Sluice listens."""
        shipped = [path for pattern in ("*.yaml", "infra/*.yaml", "*.toml") for path in ROOT.glob(pattern)]
        self.assertIn(ROOT / "template.yaml", shipped)
        for path in shipped:
            self.assertNotIn("SLUICE_FAULTS", path.read_text(), path)
        code = [path for folder in ("functions", "client", "infra/x/src") for path in (ROOT / folder).rglob("*.rs")]
        named = {str(path.relative_to(ROOT)) for path in code if '"SLUICE_FAULTS"' in path.read_text()}
        self.assertEqual(named, {"functions/lib/ports/src/fault.rs", "infra/x/src/stack/emulator.rs"})

    def test_deployed_templates_permit_no_webhook_to_a_loopback_address(self):
        for path in (path for pattern in ("*.yaml", "infra/*.yaml", "*.toml") for path in ROOT.glob(pattern)):
            self.assertNotIn("SLUICE_WEBHOOK_LOOPBACK", path.read_text(), path)

    def test_the_bench_gives_the_engine_the_workers_memory(self):
        bench = (ROOT / "infra/x/src/bench/lines.rs").read_text()
        variables = self.properties("worker")["Environment"]["Variables"].items()
        given = {name: value for name, value in variables if name.startswith("MALLOC_")}
        self.assertEqual(dict(re.findall(r'\("(MALLOC_[A-Z_]+)", "(\d+)"\)', bench)), given)

    def test_the_trigger_is_what_the_worker_and_the_budget_expect(self):
        event = self.source["Resources"]["WorkerFunctionDoorbell"]["Properties"]
        self.assertEqual(event["BatchSize"], 1)
        self.assertEqual(event["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        self.assertEqual(event["ScalingConfig"]["MaximumConcurrency"], {"Ref": "Budget"})
        self.assertIn("batchItemFailures", sources("worker").replace("batch_item_failures", "batchItemFailures"))
        self.assertIn({"Ref": "Budget"}, self.properties("worker")["ReservedConcurrentExecutions"]["Fn::If"])

    def test_the_access_log_is_json_without_headers_and_queries(self):
        """Only what API Gateway itself puts there: nothing that a caller keeps secret."""
        form = self.source["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"]["Format"]
        self.assertNotIn("\n", form.strip())
        # API Gateway quotes this one itself, so a quote within an error cannot end the field.
        fields = json.loads(form.replace("$context.error.messageString", '"$context.error.messageString"'))
        self.assertIn("$context.requestId", fields.values())
        self.assertIn("$context.authorizer.error", fields.values())
        for value in fields.values():
            self.assertRegex(value, r"^\$context\.[A-Za-z.]+$")
            self.assertNotRegex(value.lower(), "header|query|claim|overrid")
        log = self.source["Resources"]["AccessLogs"]["Properties"]
        self.assertEqual(log["RetentionInDays"], {"Ref": "LogRetentionDays"})

    def test_the_access_log_does_not_fill_the_resource_policy(self):
        """CloudWatch's policy for log delivery is limited to 5,120 characters, unless groups are below this prefix."""
        name = self.source["Resources"]["AccessLogs"]["Properties"]["LogGroupName"]["Fn::Sub"]
        self.assertEqual(name, "/aws/vendedlogs/sluice/${AWS::StackName}/access")
        readme = (ROOT / "infra/README.md").read_text()
        self.assertIn(f"`{name.replace('${AWS::StackName}', 'STACK')}`", readme)

    def test_every_function_is_traced_where_the_parameter_says_so(self):
        """Policies for traces are tested in test_policies.py."""
        self.assertEqual(self.source["Globals"]["Function"]["Tracing"], {"Ref": "Tracing"})
        functions = template.code_folders(self.source)
        self.assertEqual(set(functions), {*FUNCTIONS.values(), "BootstrapFunction"})
        for name in functions:
            self.assertNotIn("Tracing", self.source["Resources"][name]["Properties"])
        made = template.translate(self.source, {name: "s3://b/k" for name in functions}, "us-east-1", {"Tracing": "Active"})
        for name in functions:
            self.assertEqual(made["Resources"][name]["Properties"]["TracingConfig"], {"Mode": {"Ref": "Tracing"}})

    def test_arguments_are_not_saved(self):
        """Saved arguments go with every later deployment that names none, and undo what was changed since."""
        self.assertNotIn("parameter_overrides", (ROOT / "samconfig.toml").read_text())
        readme = (ROOT / "infra/README.md").read_text()
        guided = readme.count("deploy --guided --parameter-overrides")
        self.assertEqual((guided, readme.count("`n` to *Save arguments to configuration file*")), (2, 2))

    def test_the_local_pooler_has_no_settings_that_ours_would_need(self):
        """README: PgBouncer needs no special settings. Every test of the stack goes through this one."""
        self.assertNotIn("ignore_startup_parameters", (ROOT / "infra/x/src/stack/pgbouncer.rs").read_text())

    def test_health_the_page_and_every_document_have_a_route_without_the_authorizer(self):
        """The api returns them before it looks for a caller, and with Auth=jwt API Gateway must let them through as well."""
        code = (ROOT / "functions/api/src/documents.rs").read_text()
        fixed = {f"/api/v1{path}" for path in re.findall(r'\(format!\("\{BASE_PATH\}(/[^"]+)"\), Document', code)}
        self.assertEqual(fixed, {f"/api/v1/{name}" for name in ("manifest.schema.json", "openapi.json", "reference.css", "reference.html")})
        catalog = re.search(r'CATALOG_PATH: &str = "([^"]+)"', code)[1]
        pages = re.search(r'strip_prefix\(BASE_PATH\)\?\.strip_prefix\("(/[a-z]+/)"\)', code)[1]
        page = re.search(r'const PATH: &str = "([^"]+)"', (ROOT / "functions/api/src/page.rs").read_text())[1]
        paths = self.source["Resources"]["HttpApi"]["Properties"]["DefinitionBody"]["paths"]
        free = {path for path, methods in paths.items() if all("security" not in one for one in methods.values())}
        self.assertEqual(free, {"/api/v1/health", page, catalog, *fixed, f"/api/v1{pages}{{proxy+}}"})
        guarded = paths["/api/v1/{proxy+}"]["x-amazon-apigateway-any-method"]["security"]["Fn::If"]
        self.assertEqual(guarded[:2], ["WithTokens", [{"Token": []}]])

    def test_the_api_ends_before_api_gateway_gives_up(self):
        """And a request ends before the function does, so that the client gets the api's own error."""
        source = (ROOT / "functions/api/src/layers/time_limit.rs").read_text()
        inner = int(re.search(r"TIME_LIMIT: Duration = Duration::from_secs\((\d+)\)", source)[1])
        outer = self.properties("api")["Timeout"]
        self.assertLess(outer, 30)
        self.assertLessEqual(inner, outer - 4, "time for the response and for closing a session")


if __name__ == "__main__":
    unittest.main()
