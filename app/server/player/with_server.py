"""Becomes another program that the system ends with the server, even if that is killed. Linux only.

Run as a program: the id of the server's process, the other program, its arguments. A program of its own,
because code between fork and exec isn't safe in a process that has threads, as the server has.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(server: int, command: list[str]) -> None:
    """Ask for SIGKILL at the parent's death, then become `command`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() == server:  # Else it died before it was asked for.
        os.execvp(command[0], command)  # noqa: S606  No shell is wanted.


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
