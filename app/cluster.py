"""The connection to a Dask cluster."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client

SCHEDULER_SECONDS = 10


class ClusterError(Exception):
    """The cluster can't be used. The message says what to do."""


def connect(address: str) -> "Client":
    """Connect to a Dask scheduler.

    Raises
    ------
    ClusterError
        Dask's distributed isn't installed, or no scheduler responds.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            f"Dask's distributed is not installed ({error}). Run: pip install 'sidflow-app[cluster]'."
        ) from error
    try:
        return Client(address, timeout=SCHEDULER_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"No Dask scheduler responds at {address}: {error}. Start one, or omit --scheduler."
        ) from error
