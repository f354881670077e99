"""All inputs of a configuration are gathered; one that cannot be read costs itself alone."""

from pathlib import Path

from edge.contract.times import parse_time
from edge.inputs.rule import InputRule
from pipeline.inputs.gathering import gather


def test_inputs_without_a_history_are_left_out_with_a_line(tmp_path: Path) -> None:
    """And values without a moment of issue are said to be more exact than a forecast will be."""
    (tmp_path / "price.csv").write_text("time,value\n2026-01-01,1\n2026-01-02,2\n")
    (tmp_path / "wind.csv").write_text("time,value,issued\n2026-01-03,1,2026-01-01\n2026-01-03,2,2026-01-02\n")
    rules = [
        InputRule(name="price", file=str(tmp_path / "price.csv")),
        InputRule(name="wind", file=str(tmp_path / "wind.csv")),
        InputRule(name="sun", file=str(tmp_path / "sun.csv")),
        InputRule(name="plan"),
    ]
    gathered = gather(rules, 10**9 * 3600, stop=parse_time("2026-01-01T12:00Z"))
    assert list(gathered.ahead) == ["price", "wind"]
    assert gathered.ahead["wind"].value.tolist() == [1]
    assert [note.split(":")[0] for note in gathered.notes] == [
        "[[input]] price",
        "[[input]] sun",
        "[[input]] sun",
        "[[input]] plan",
    ]
    assert "values as they turned out" in gathered.notes[0]
    assert "there is no file" in gathered.notes[1]
    assert gathered.notes[-1].endswith("no value of it is known; the forecast goes without it")
