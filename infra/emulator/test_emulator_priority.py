"""Workers run, where that is set, at a lower priority than the functions whose callers wait."""

import os
import subprocess
import sys
import unittest
import unittest.mock

import emulator

NICENESS = 7


class Priority(unittest.TestCase):
    def setUp(self):
        from ministack.core.lambda_runtime import ProvidedWorker

        self.environments = ProvidedWorker
        patched = unittest.mock.patch.object(ProvidedWorker, "_await_init", lambda environment: "ready")
        patched.start()
        self.addCleanup(patched.stop)
        emulator.run_workers_at_a_lower_priority(NICENESS)
        self.process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        self.addCleanup(self.process.communicate)

    def niceness_of(self, name):
        environment = unittest.mock.Mock(config={"FunctionName": name}, _proc=self.process)
        self.assertEqual(self.environments._await_init(environment), "ready")
        return os.getpriority(os.PRIO_PROCESS, self.process.pid)

    def test_a_worker_stands_back(self):
        self.assertEqual(self.niceness_of("sluice-WorkerFunction-0123456789AB"), NICENESS)

    def test_the_api_does_not(self):
        usual = os.getpriority(os.PRIO_PROCESS, 0)
        self.assertEqual(self.niceness_of("sluice-ApiFunction-0123456789AB"), usual)


if __name__ == "__main__":
    unittest.main()
