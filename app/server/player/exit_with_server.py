"""Runs another program so that it ends with the server, even if the server is killed. Linux only.

The arguments are the server's process id, the other program, and its arguments. This is a separate program,
because running Python between fork and exec isn't safe in a process with threads, such as the server.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(server: int, command: list[str]) -> None:
    """Request SIGKILL at the parent's death, then replace this process with `command`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() == server:  # Otherwise the server died before the request.
        os.execvp(command[0], command)  # noqa: S606  No shell is wanted.


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
