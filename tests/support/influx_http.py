"""Requests to the InfluxDB of a test, and what its answers hold."""

import json
import urllib.parse
from http.client import HTTPConnection
from typing import Any

PATIENCE = 900.0  # seconds; as all limits of the tests it ends what hangs


def send(port: int, path: str, body: str, headers: dict[str, str]) -> bytes:
    """Body of a 2xx answer to a POST; RuntimeError with status and body for any other."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("POST", path, body.encode(), headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status // 100 != 2:
        raise RuntimeError(f"{answer.status} {content.decode(errors='replace').strip()}")
    return content


def ask(port: int, path: str, influxql: str, *, token: str = "") -> list[dict[str, Any]]:
    """Rows that a query gives; RuntimeError as `send` and `rows_of`."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Token {token}"}
    return rows_of(send(port, path, urllib.parse.urlencode({"q": influxql}), headers), influxql)


def rows_of(answer: bytes, influxql: str) -> list[dict[str, Any]]:
    """Rows of all series of all statements in an answer of `/query`.

    Raises:
        RuntimeError: a statement failed; the answer and the query are in the message.
    """
    rows = []
    for result in json.loads(answer)["results"]:
        if "error" in result:
            raise RuntimeError(f"{result['error']}: {influxql}")
        for series in result.get("series", []):
            tags = series.get("tags", {})
            rows += [tags | dict(zip(series["columns"], values, strict=True)) for values in series.get("values", [])]
    return rows
