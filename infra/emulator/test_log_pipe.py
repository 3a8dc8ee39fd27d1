"""Lines that an invocation has written belong to it, however late its reader is."""

import os
import queue
import threading
import time
import unittest
import unittest.mock

import log_pipe


class Environment:
    """Environment of the emulator's class: a pump into a queue, and a drain of it."""

    hold_secs = 0

    def __init__(self):
        self._stderr_queue = queue.Queue()
        out, self.into = os.pipe()
        self.pump = threading.Thread(target=self._pump_output, args=(os.fdopen(out, "rb"), self._stderr_queue))
        self.pump.start()

    def _pump_output(self, stream, lines):
        for raw in iter(stream.readline, b""):
            time.sleep(self.hold_secs)
            lines.put(raw.decode().rstrip("\n"))
        stream.close()

    def _drain_stderr(self):
        lines = []
        while not self._stderr_queue.empty():
            lines.append(self._stderr_queue.get_nowait())
        return "\n".join(lines)

    def invoke(self, *lines):
        os.write(self.into, "".join(f"{line}\n" for line in lines).encode())
        return self._drain_stderr_bounded(first_line_wait=0.1)

    def end(self):
        os.close(self.into)
        self.pump.join()


class Slow(Environment):
    hold_secs = 0.1


log_pipe.install(Environment)


class Drain(unittest.TestCase):
    def test_every_invocation_has_its_own_lines_and_no_other(self):
        environment = Environment()
        self.addCleanup(environment.end)
        for turn in range(2_000):
            lines = [f"{turn} line {number}" for number in range(turn % 4)]
            self.assertEqual(environment.invoke(*lines), "\n".join(lines))

    def test_a_reader_that_is_late_is_waited_for(self):
        environment = Slow()
        self.addCleanup(environment.end)
        self.assertEqual(environment.invoke("one", "two"), "one\ntwo")

    def test_silence_costs_nothing(self):
        environment = Environment()
        self.addCleanup(environment.end)
        with unittest.mock.patch("log_pipe.time.sleep") as slept:
            environment.invoke("first")
            slept.reset_mock()
            self.assertEqual(environment.invoke(), "")
        slept.assert_not_called()

    def test_the_last_words_of_a_process_are_its_last_line(self):
        environment = Environment()
        os.write(environment.into, b"whole\nhalf")
        environment.end()
        self.assertEqual(environment._drain_stderr_bounded(), "whole\nhalf")

    def test_a_chunk_that_ends_within_a_line(self):
        environment = Environment()
        self.addCleanup(environment.end)
        long = "x" * (log_pipe.CHUNK_BYTES - 10)  # less than a pipe holds: nothing here writes while another reads
        self.assertEqual(environment.invoke(long), long)
        self.assertEqual(environment.invoke("ä" * 20_000, "b"), "ä" * 20_000 + "\nb")


if __name__ == "__main__":
    unittest.main()
