"""Everything that was logged is read, however much of it is of one moment."""

import tempfile
import time
import unittest

import aws
import logs
from test_emulator import Emulator

GROUP = "/aws/lambda/busy"


class Lines(unittest.TestCase):
    def test_more_than_ten_thousand_lines_of_one_moment_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            emulator = Emulator(folder)
            self.addCleanup(emulator.stop)
            client = aws.client("logs", emulator.stack)
            client.create_log_group(logGroupName=GROUP)
            now = int(time.time() * 1000)
            for stream in ["a", "b"]:
                client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
                for part in range(3):
                    events = [{"timestamp": now, "message": f"{stream} {part * 4_000 + n}"} for n in range(4_000)]
                    client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
            client.put_log_events(logGroupName=GROUP, logStreamName="a", logEvents=[{"timestamp": now + 1, "message": "later"}])
            found = logs.lines(client, GROUP)
            self.assertEqual(len(found), 24_001)
            self.assertEqual(found[-1], "later")
            self.assertEqual([line for line in found if line.startswith("b ")], [f"b {n}" for n in range(12_000)])


if __name__ == "__main__":
    unittest.main()
