"""`gatecast serve`: wrong use; that its runs happen is tested with the schedule."""

from pathlib import Path

import pytest

from tests.support.commands import call

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
