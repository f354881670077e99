"""`gatecast serve`: wrong use; that its runs happen is tested elsewhere. `gatecast monitor`: a look that changes nothing."""

import json
from pathlib import Path

import pytest

pytest.importorskip("prefect")

from tests.support.commands import call, write_fleet

pytestmark = pytest.mark.training


@pytest.mark.parametrize(
    ("text", "said"), [(None, "gatecast init"), ("[schedule]\ncron = '@daily'\n", "[schedule] cron: '@daily' is no cron line")]
)
def test_a_schedule_that_cannot_be_served_is_one_line(
    text: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, before a server is started."""
    path = tmp_path / "gatecast.toml"
    if text is not None:
        path.write_text(text)
    code, out, error = call(capsys, "serve", "--config", path)
    assert (code, out, len(error.splitlines())) == (2, "", 1)
    assert said in error
    assert not (tmp_path / ".gatecast").exists()


def test_a_look_before_the_first_release_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0: nothing is wrong; as JSON the problem is a field; no file is made."""
    config = write_fleet(tmp_path)
    code, out, error = call(capsys, "monitor", "--config", config)
    assert (code, error) == (0, "")
    assert out == "nothing to compare: nothing is released yet: gatecast retrain makes a bundle\n"
    code, out, _ = call(capsys, "monitor", "--config", config, "--json")
    assert (code, json.loads(out)["drifted"]) == (0, False)
    assert [path.name for path in tmp_path.iterdir()] == ["gatecast.toml"]
