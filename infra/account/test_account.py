"""The account test itself: its table, its computed rows, its bill, and that it deletes whatever happens.

`tests/e2e/account.rs` runs the whole program on the emulator, which needs the servers of a stack.
"""

import argparse
import contextlib
import gzip
import io
import os
import tempfile
import unittest
import unittest.mock
from datetime import date, datetime, timezone
from pathlib import Path

from botocore.exceptions import ClientError

import account
import bill
import deployment
import place as places
import remains
import rows
import template
from removal import Removal
from step import Answer, ByHand, Step, answers, cell, table
from steps import RECURSION_LIMIT, STEPS
from templates import NESTED, ROOT, load


def refused(code, message=""):
    return ClientError({"Error": {"Code": code, "Message": message}}, "Describe")


class Table(unittest.TestCase):
    def test_the_readme_has_the_table_of_the_steps(self):
        text = (ROOT / "infra/README.md").read_text().split("\n## Open on a real account\n")[1].split("\n## ")[0]
        found = "\n".join(line for line in text.splitlines() if line.startswith("|"))
        self.assertEqual(found, table(STEPS), "print it with `cargo x account-test --table`")

    def test_every_step_has_a_name_a_question_and_a_reason_or_runs_on_the_emulator(self):
        names = [step.name for step in STEPS]
        self.assertEqual(len(names), len(set(names)))
        for step in STEPS:
            with self.subTest(step.name):
                self.assertRegex(step.name, r"^[a-z][a-z-]+$")
                self.assertTrue(step.question and step.question == cell(step.question))
                self.assertFalse(step.question.endswith("?"))
                self.assertTrue(step.emulator is None or len(step.emulator) > 10)
                self.assertEqual(issubclass(step, ByHand), "run" not in vars(step))
                self.assertTrue(not issubclass(step, ByHand) or step.how)
        self.assertGreater(sum(step.emulator is None for step in STEPS), 5)
        self.assertIs(STEPS[-1], Removal)

    def test_a_bar_or_a_line_feed_does_not_end_a_cell(self):
        self.assertEqual(cell("a | b\n\\| c"), "a \\| b \\| c")
        self.assertIn("| x \\| y |", answers([(Removal, Answer("no", "x | y"))]))


class Rows(unittest.TestCase):
    dataset = rows.Dataset("few", 3, 4, date(2024, 2, 28))

    def compared(self, *files):
        with tempfile.TemporaryDirectory() as folder:
            for number, lines in enumerate(files):
                with gzip.open(Path(folder) / f"few-{number}.csv.gz", "wb") as file:
                    file.write(b"".join([b"day,id,value\n", *lines]))
            return self.dataset.compare(folder)

    def test_files_with_all_rows_are_right_in_any_order(self):
        lines = [self.dataset.line(n) for n in range(12)]
        self.assertEqual(lines[4], b"2024-02-29,4,a87ff679a2f3e71d9181a67b7542122c\n")
        self.assertEqual(self.compared(lines[6:], reversed(lines[:6])), [])

    def test_a_missing_a_repeated_and_an_alien_row_are_found(self):
        lines = [self.dataset.line(n) for n in range(12)]
        self.assertIn("1 of 12 rows of few are missing, the first of them 11", self.compared(lines[:11])[0])
        self.assertIn("row 3 is there twice", self.compared(lines, lines[3:4])[0])
        self.assertIn("no row of few", self.compared([*lines, lines[3].replace(b"-28,", b"-29,")])[0])
        self.assertIn("no row of few", self.compared([*lines, b"x\n"])[0])
        self.assertEqual(len(self.compared()), 1)

    def test_the_catalog_has_the_rows(self):
        self.assertIn("select date '2022-01-01' + n / 200 as day", rows.small(1000).catalog())
        self.assertIn("generate_series(0, 199999)", rows.small(1000).catalog())
        broken = rows.Broken("broken", 3, 1, until=datetime(2026, 11, 30, tzinfo=timezone.utc))
        self.assertIn("now() < timestamptz '2026-11-30T00:00:00+00:00' then 1 else 0 end) as value", broken.catalog())

    def test_the_size_is_that_of_the_questions(self):
        small = rows.small(places.Account.chunks)
        self.assertEqual((small.days, small.last), (1000, date(2024, 9, 26)))
        self.assertEqual(rows.large(places.Account.rows).rows, 10_000_000)
        self.assertGreater(small.days, 7 * RECURSION_LIMIT)


class Bill(unittest.TestCase):
    def test_every_item_has_a_price_of_the_rust_code(self):
        prices = bill.prices()
        self.assertLessEqual(set(bill.ITEMS), set(prices))
        self.assertEqual(
            (prices["GB_SECOND"], prices["PUT"], prices["RDS_MICRO_HOUR"]), (0.0000133334, 0.000005, 0.016)
        )
        for usage in bill.HOURLY.values():
            self.assertLessEqual(set(usage), set(bill.ITEMS))
        self.assertLessEqual(set(bill.estimate(1000, 1000, 1)), set(bill.ITEMS))

    def test_a_usage_by_hand(self):
        found = bill.items(bill.added(bill.hourly(["AWS::RDS::DBProxy"], 10), bill.work(100, 0, 0, 2e9)))
        self.assertEqual(
            {one.item: round(one.usd, 6) for one in found},
            {
                "RDS Proxy, two vCPU": 0.3,
                "transfer to the internet": 0.18,
                "functions, invocations": 0.00002,
                "queue": 0.00012,
                "bucket, writes": 0.0015,
                "bucket, reads": 0.00004,
            },
        )
        lines = bill.table(found).splitlines()
        self.assertEqual(len({len(line) for line in lines}), 1, "the columns are aligned")
        self.assertIn("0.4817", lines[-1])

    def test_a_whole_run_costs_less_than_two_dollars(self):
        usage = bill.estimate(places.Account.chunks, places.Account.rows, account.HOURS)
        self.assertTrue(0.1 < bill.total(bill.items(usage)) < 2)


class Remains(unittest.TestCase):
    def test_every_type_of_the_templates_is_read_or_part_of_another(self):
        source = load("root")
        uris = {name: "s3://bucket/key" for name in template.code_folders(source)}
        root = template.translate(source, uris, "us-east-1")
        bodies = [
            *root["Resources"].values(),
            *(body for name in NESTED for body in load(name)["Resources"].values()),
        ]
        # The emulator's template has some more, which are written out of the API.
        bodies += template.bridge(root, {})["Resources"].values()
        kinds = {body["Type"] for body in bodies}
        self.assertEqual(kinds - set(remains.PROBES) - set(remains.PARTS), set())
        self.assertEqual(set(remains.PROBES) & set(remains.PARTS), set())

    def probed(self, kind, **calls):
        client = unittest.mock.Mock(**calls)
        return remains.exists(lambda service, region=None: client, kind, "name")

    def test_what_a_service_does_not_find_is_gone_and_any_other_error_is_not(self):
        for code in (
            "ResourceNotFoundException",
            "NoSuchEntity",
            "DBInstanceNotFound",
            "InvalidVpcID.NotFound",
            "404",
        ):
            self.assertFalse(
                self.probed("AWS::Lambda::Function", **{"get_function.side_effect": refused(code)}), code
            )
        for code in ("AccessDenied", "MissingAuthenticationToken", "403", "Throttling", "ValidationError"):
            with self.assertRaises(ClientError):
                self.probed("AWS::Lambda::Function", **{"get_function.side_effect": refused(code)})
        message = refused("ValidationError", "Stack with id x does not exist")
        self.assertFalse(self.probed("AWS::CloudFormation::Stack", **{"describe_stacks.side_effect": message}))

    def test_an_empty_list_means_gone(self):
        empty = {"ResponseMetadata": {}, "DBProxies": []}
        self.assertFalse(self.probed("AWS::RDS::DBProxy", **{"describe_db_proxies.return_value": empty}))
        self.assertTrue(self.probed("AWS::RDS::DBProxy", **{"describe_db_proxies.return_value": {"DBProxies": [{}]}}))
        self.assertTrue(self.probed("AWS::IAM::Role", **{"get_role.return_value": {"Role": {}}}))
        deleted = {"DeletedDate": 1}
        self.assertFalse(self.probed("AWS::SecretsManager::Secret", **{"describe_secret.return_value": deleted}))

    def test_a_resource_that_cannot_be_read_and_an_unknown_type_are_left(self):
        client = unittest.mock.Mock(**{"get_role.side_effect": refused("AccessDenied")})
        client.get_paginator.return_value.paginate.return_value = []
        place = unittest.mock.Mock(emulated=True, client=lambda *_: client)
        resources = [["AWS::IAM::Role", "one"], ["AWS::New::Type", "two"], ["AWS::Lambda::Permission", "three"]]
        found, read = remains.left(place, argparse.Namespace(name="n", resources=resources, former=[]))
        self.assertEqual(read, 2)
        self.assertEqual([one.split(" ")[1] for one in found], ["one", "two"])


class Deletion(unittest.TestCase):
    def deployment(self, *statuses, tags=()):
        """A deployment whose stack has one status after the other."""
        client = unittest.mock.Mock()
        stacks = [{"StackStatus": status, "StackId": "id", "Tags": list(tags)} for status in statuses]
        client.describe_stacks.side_effect = [{"Stacks": [stack]} for stack in stacks]
        client.describe_stack_events.return_value = {"StackEvents": []}
        client.get_paginator.return_value.paginate.return_value = []
        place = unittest.mock.Mock(emulated=False, poll=0, client=lambda *_: client)
        return deployment.Deployment(place, "name"), client

    def test_a_stack_whose_network_is_in_use_is_deleted_again(self):
        one, client = self.deployment(
            "CREATE_COMPLETE", "CREATE_COMPLETE", "DELETE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"
        )
        one.id = "id"
        with unittest.mock.patch.object(places, "wait") as wait, contextlib.redirect_stderr(io.StringIO()):
            self.assertIsNone(one.delete())
        self.assertEqual(client.delete_stack.call_count, 2)
        self.assertIn(unittest.mock.call(deployment.AGAIN_SECS), wait.mock_calls)

    def test_a_stack_that_was_made_by_someone_else_is_not_taken_over(self):
        one, client = self.deployment("CREATE_COMPLETE", tags=[{"Key": places.TAG, "Value": "other"}])
        with self.assertRaises(RuntimeError):
            one.attach()
        self.assertIsNone(one.id)
        client.delete_stack.assert_not_called()

    def test_nothing_is_deleted_that_was_not_created(self):
        one, client = self.deployment()
        self.assertIsNone(one.delete())
        self.assertEqual(client.mock_calls, [])


class First(Step):
    name, question = "first", "is it first"

    def run(self, trial):
        raise RuntimeError("broken")


class Interrupting(First):
    name = "interrupting"

    def run(self, trial):
        os.kill(os.getpid(), account.signal.SIGTERM)


class Runs(unittest.TestCase):
    def run_with(self, steps, *words):
        """Exit code, printed text, and the number of deletions of a run of these steps."""
        removed = []

        class Removed(Step):
            name, question = "removal", "is nothing left"

            def run(self, trial):
                removed.append(trial)
                return Answer("yes", "nothing")

        trial = unittest.mock.Mock(usage={}, place=argparse.Namespace(emulated=False))
        place = unittest.mock.Mock(emulated=True, chunks=1, rows=1)
        patches = (
            unittest.mock.patch.object(account, "STEPS", [*steps, Removed]),
            unittest.mock.patch.object(account, "Removal", Removed),
            unittest.mock.patch.object(account, "Trial", lambda *_: trial),
        )
        handlers = {number: account.signal.getsignal(number) for number in account.SIGNALS}
        printed = io.StringIO()
        with contextlib.ExitStack() as stack:
            for patch in patches:
                stack.enter_context(patch)
            stack.enter_context(contextlib.redirect_stdout(printed))
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            code = account.run(place, account.arguments(list(words)))
        for number, handler in handlers.items():
            account.signal.signal(number, handler)
        return code, printed.getvalue(), len(removed)

    def test_a_step_that_fails_is_an_answer_and_everything_is_deleted(self):
        code, printed, removed = self.run_with([First], "--yes")
        self.assertEqual((code, removed), (1, 1))
        self.assertIn("| first | is it first | failed | RuntimeError: broken |", printed)

    def test_a_signal_ends_the_steps_and_everything_is_deleted(self):
        code, printed, removed = self.run_with([Interrupting, First], "--yes")
        self.assertEqual((code, removed), (1, 1))
        self.assertIn("| interrupting | is it first | interrupted |", printed)
        self.assertNotIn("| first |", printed)

    def test_keep_deletes_nothing(self):
        self.assertEqual(self.run_with([First], "--keep")[2], 0)

    def test_only_some_steps_run(self):
        printed = self.run_with([Interrupting, First], "--only", "first")[1]
        self.assertIn("| first |", printed)
        self.assertNotIn("interrupting", printed)

    def test_nothing_is_created_without_consent(self):
        account_place = unittest.mock.Mock(emulated=False, chunks=1000, rows=1000, described=lambda: "account 1")
        for answer, wanted in (("", False), ("n\n", False), ("y\n", True)):
            asked = io.StringIO()
            with unittest.mock.patch("sys.stdin", io.StringIO(answer)), contextlib.redirect_stderr(asked):
                self.assertEqual(account.agreed(account_place, STEPS, account.arguments([])), wanted)
            self.assertRegex(asked.getvalue(), r"account 1[\s\S]*about \d\.\d\d USD[\s\S]*\[y/N\]")
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertTrue(account.agreed(account_place, STEPS, account.arguments(["--yes"])))

    def test_the_place_is_aws_or_a_stack_of_this_machine(self):
        for endpoint in ("https://example.com", "http://127.0.0.1:4566"):
            environment = {"AWS_ENDPOINT_URL": endpoint}
            with unittest.mock.patch.dict(os.environ, environment), self.assertRaises(SystemExit):
                os.environ.pop("SLUICE_STACK", None)
                places.place("arm64")


if __name__ == "__main__":
    unittest.main()
