"""Limits of a worker process: memory and processor time, where the system has such limits."""

import math
import signal

try:
    import resource
except ModuleNotFoundError:  # Windows has no such limits.
    _HAS_LIMITS = False
else:
    _HAS_LIMITS = True


def limit_memory(size: int) -> None:
    """Limit the memory of this process to `size` bytes, without a core dump. Leave Ctrl+C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _HAS_LIMITS:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _lower(resource.RLIMIT_DATA, size)


def limit_processor_time(seconds: float) -> None:
    """Have the system end this process if it uses so much more processor time from now on."""
    if _HAS_LIMITS:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _lower(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + seconds))


def _lower(kind: int, limit: int) -> None:
    """Set a limit of this process, as far as the system's own limit allows."""
    _, most = resource.getrlimit(kind)
    allowed = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(kind, (allowed, most))
