"""The output of one execution environment, which knows whether all that was written has been handed over.

A function writes its lines before its answer, so at the answer they are in the pipe. The emulator waits 50 ms for the
first of them: functions that log nothing pay that, and on a busy machine its reader takes longer, and the lines come
with the environment's next invocation, or never. Here an invocation's lines end where its pipe is empty.
"""

import array
import fcntl
import os
import select
import termios
import time

CHUNK_BYTES = 64 << 10
PATIENCE_SECS = 5  # only a reader that died takes that long


class LogPipe:
    """Stands before a pipe as its `readline`; asking for the next line says that the one before is where it belongs."""

    def __init__(self, pipe, queue):
        self.pipe, self.queue = pipe, queue
        self.lines, self.rest = [], b""
        self.reading = False
        self.readable = select.poll()
        self.readable.register(pipe.fileno(), select.POLLIN)

    def readline(self):
        """The next line with its end; what has none at the end of the pipe; nothing after that."""
        while not self.lines:
            self.reading = False
            self.readable.poll()
            # Set before bytes leave the pipe: a thread that finds it empty sees this, or a reader that is done.
            self.reading = True
            more = os.read(self.pipe.fileno(), CHUNK_BYTES)
            if not more:
                last, self.rest = self.rest, b""
                return last
            *lines, self.rest = (self.rest + more).split(b"\n")
            self.lines = [line + b"\n" for line in reversed(lines)]
        return self.lines.pop()

    def close(self):
        self.pipe.close()
        self.reading = False

    def is_handed_over(self):
        waiting = array.array("i", [0])
        try:
            fcntl.ioctl(self.pipe.fileno(), termios.FIONREAD, waiting)
        except ValueError:  # closed: its reader met the end
            return not self.reading
        return waiting[0] == 0 and not self.reading


def install(worker):
    """Has the emulator's class of environments read its pipes so."""
    pump = worker._pump_output

    def read(self, stream, queue):
        self.log_pipe = LogPipe(stream, queue)
        pump(self, self.log_pipe, queue)

    def drain(self, *_, **__):
        give_up = time.monotonic() + PATIENCE_SECS
        while time.monotonic() < give_up:
            pipe = getattr(self, "log_pipe", None)
            if pipe is not None and pipe.queue is self._stderr_queue and pipe.is_handed_over():
                break
            time.sleep(0.0005)
        return self._drain_stderr()

    worker._pump_output = read
    worker._drain_stderr_bounded = drain
