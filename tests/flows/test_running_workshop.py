"""One line of the configuration names the processes; several flows can share them."""

import pytest
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from edge.config.training_sections import Train
from flows.running.workshop import shared, workshop


@pytest.mark.parametrize(
    ("runner", "kind", "apart"), [("threads", ThreadPoolTaskRunner, False), ("processes", ProcessPoolTaskRunner, True)]
)
def test_the_runner_of_the_configuration_is_made_with_its_workers(runner: str, kind: type, *, apart: bool) -> None:
    """Each flow gets a task runner of its own, of that kind, for so many candidates at once."""
    with workshop(Train(runner=runner, workers=3)) as shop:
        first, second = shop.task_runner(), shop.task_runner()
        assert first is not second
        assert first == kind(max_workers=3) or isinstance(first, kind)
        assert (shop.slots, shop.apart) == (3, apart)


def test_flows_inside_of_a_shared_workshop_have_that_one() -> None:
    """A fleet among many does not start processes of its own, and afterwards each does again."""
    with shared(Train(workers=3)) as outer:
        with workshop(Train(runner="processes", workers=5)) as inner:
            assert inner is outer
        with workshop(Train()) as inner:
            assert inner is outer
    with workshop(Train(workers=1)) as later:
        assert later.slots == 1
