"""The sync endpoint, and readers of its answers."""

import httpx

SYNC = "/api/feedback/sync"
JSON = {"Content-Type": "application/json"}


def statuses(response: httpx.Response) -> list[str]:
    """Return the status of each event."""
    assert response.status_code == 200, response.text
    return [result["status"] for result in response.json()["results"]]


def error(response: httpx.Response, status: int, code: str) -> dict[str, str]:
    """Return the error, which must have this status and code."""
    assert response.status_code == status, response.text
    found: dict[str, str] = response.json()["error"]
    assert found["code"] == code
    assert found["message"]
    return found
