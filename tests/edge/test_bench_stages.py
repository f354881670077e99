"""CPU time, divided among the stages."""

import threading

from edge.bench.stages import Stage, Stopwatch, seconds_of_process


def test_a_stage_within_another_counts_for_itself() -> None:
    """What is in no stage is the rest."""
    times = iter([0.0, 1.0, 3.0, 6.0, 10.0, 15.0])
    watch = Stopwatch(lambda: next(times))
    with watch.during(Stage.ENGINE), watch.during(Stage.FORECAST):
        pass
    seconds = watch.seconds()
    assert (seconds[Stage.REST], seconds[Stage.ENGINE], seconds[Stage.FORECAST]) == (1 + 5, 2 + 4, 3)


def test_another_thread_is_not_counted() -> None:
    """Its CPU time has a clock of its own."""
    times = iter([0.0, 1.0])
    watch = Stopwatch(lambda: next(times))

    def work() -> None:
        with watch.during(Stage.ENCODE):
            pass

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert watch.seconds()[Stage.REST] == 1


def test_the_stages_together_are_the_process() -> None:
    """Threads of the agent have a stage each."""
    asked, end = threading.Event(), threading.Event()

    def work() -> None:
        sum(range(200_000))
        asked.set()
        end.wait()

    watch = Stopwatch()
    thread = threading.Thread(target=work, name="gatecast-sender")
    thread.start()
    asked.wait()
    seconds = seconds_of_process(watch)
    end.set()
    thread.join()
    assert seconds[Stage.SEND] > 0
    assert all(cost >= 0 for stage, cost in seconds.items() if stage is not Stage.REST)
