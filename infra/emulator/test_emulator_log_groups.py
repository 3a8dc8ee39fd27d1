"""The emulator writes to log groups that exist, and creates none."""

import unittest

import emulator


class LogGroups(unittest.TestCase):
    def setUp(self):
        from ministack.services import cloudwatch_logs, lambda_svc

        self.groups, self.functions = cloudwatch_logs._log_groups, lambda_svc
        self.addCleanup(setattr, lambda_svc, "_emit_lambda_logs", lambda_svc._emit_lambda_logs)
        emulator.write_to_existing_log_groups_only()

    def write(self, group):
        config = {"FunctionName": "f", "Version": "1", "LoggingConfig": {"LogGroup": group}}
        self.functions._emit_lambda_logs({"config": config}, "id", "line", False, 1)

    def test_a_deleted_group_does_not_return(self):
        self.write("/deleted")
        self.assertNotIn("/deleted", self.groups)

    def test_a_group_receives_its_lines(self):
        self.groups["/there"] = {"streams": {}}
        self.addCleanup(self.groups.pop, "/there")
        self.write("/there")
        self.assertEqual(len(self.groups["/there"]["streams"]), 1)


if __name__ == "__main__":
    unittest.main()
