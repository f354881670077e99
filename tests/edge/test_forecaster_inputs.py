"""A model that looks at the clock gets the origin of every window, and repeats its golden forecasts at theirs."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.ahead.issues import ALWAYS, Ahead, Issues
from edge.contract.ahead.known import Known
from edge.contract.contract import Context, Contract
from edge.errors import BundleError
from edge.forecaster.bundle import Bundle
from edge.forecaster.golden import Golden, check_golden
from edge.forecaster.manifest import DERIVED, FURTHER, decode_manifest, encode_manifest
from edge.forecaster.model import Model
from edge.forecaster.trial import fault
from edge.release.pace import too_slow
from pipeline.training.architecture import Architecture
from tests.support import tiny

SEGMENT = Architecture(units=6)


def golden(bundle: Bundle) -> Golden:
    """The golden forecasts of a bundle that has some."""
    assert bundle.manifest.golden is not None
    return bundle.manifest.golden


@pytest.mark.training
def test_forecasts_depend_on_the_origin_and_not_on_the_batch() -> None:
    """The same window is forecast otherwise at another time of day; each forecast is the one the window has alone."""
    model = Model(tiny.bundle(SEGMENT, tiny.CLOCKED))
    windows, series = tiny.windows()
    context = tiny.context()
    together = model.predict(windows, series, context)
    alone = [slice(row, row + 1) for row in range(len(windows))]
    single = np.concatenate([model.predict(windows[row], series[row], context.take(row)) for row in alone])
    np.testing.assert_allclose(together, single, rtol=1e-5, atol=1e-5)
    later = model.predict(windows, series, Context(context.origin + 6 * tiny.CONTRACT.interval))
    assert (np.abs(later - together).max(axis=(1, 2)) > 1e-3).mean() > 0.9  # a window of one value has no scale


@pytest.mark.training
def test_what_is_told_of_an_origin_is_that_of_this_moment() -> None:
    """Facts are kept for windows of one origin; a value that comes in between, or another origin, is seen at once."""
    interval = tiny.CONTRACT.interval
    told = replace(tiny.CONTRACT, inputs=(*tiny.CLOCKED.inputs, Known("tariff")))
    windows, series = tiny.windows(70)
    origin = np.full(70, 100 * interval)

    def tariff(value: float) -> dict[str, Ahead]:
        return {"tariff": Issues.of([ALWAYS], [103 * interval], [value]).on_grid(interval)}

    model, cheap, dear = Model(tiny.bundle(SEGMENT, told)), tariff(0.2), tariff(0.9)
    contexts = [
        Context(origin, cheap),
        Context(origin, cheap),
        Context(origin, dear),
        Context(origin + interval, dear),
        Context(origin),
        Context(np.append(origin[1:], origin[0] + interval), cheap),
        Context(origin, cheap),
    ]
    for context in contexts:
        fresh = Model(tiny.bundle(SEGMENT, told)).predict(windows, series, context)
        np.testing.assert_array_equal(model.predict(windows, series, context), fresh)
        one = context.take(slice(69, 70))
        np.testing.assert_allclose(model.predict(windows[69:], series[69:], one)[0], fresh[69], rtol=1e-5, atol=1e-5)
    first, _, second = (model.predict(windows, series, context) for context in contexts[:3])
    assert np.abs(second - first).max() > 1e-3


@pytest.mark.training
def test_a_model_that_looks_at_the_clock_is_not_left_without_a_time() -> None:
    """A caller that forgets the origins would get forecasts for another time of day."""
    with pytest.raises(ValueError, match="needs the origin of every window"):
        Model(tiny.bundle(SEGMENT, tiny.CLOCKED)).predict(*tiny.windows(2))


@pytest.mark.training
def test_golden_forecasts_are_repeated_at_their_origins() -> None:
    """The self-test finds a clock that goes wrong; hard windows and the look at the pace have origins as well."""
    bundle = tiny.bundle(SEGMENT, tiny.CLOCKED)
    model, kept = Model(bundle), golden(bundle)
    assert model.self_test() < 1e-4
    assert kept.origins == tiny.context(16).origin.tolist()
    assert fault(model, kept, len(bundle.manifest.series)) is None
    assert too_slow(model, 3, lambda: 0.0) is None
    moved = msgspec.structs.replace(kept, origins=[origin + tiny.CONTRACT.interval for origin in kept.origins or []])
    late = Bundle(msgspec.structs.replace(bundle.manifest, golden=moved), bundle.model)
    with pytest.raises(BundleError, match="does not repeat its golden forecasts"):
        Model(late).self_test()


@pytest.mark.training
def test_a_file_with_other_inputs_than_the_contract_is_refused() -> None:
    """A model that is not told of the leads does not belong to a contract with a clock, nor the other way round."""
    for made, wanted in ((tiny.CONTRACT, tiny.CLOCKED), (tiny.CLOCKED, tiny.CONTRACT)):
        content = tiny.bundle(SEGMENT, made).model or b""
        with pytest.raises(BundleError, match="expected a model with inputs"):
            Model(tiny.bundle_of(content, SEGMENT, wanted))


@pytest.mark.training
def test_the_clock_travels_in_the_manifest_that_earlier_agents_refuse() -> None:
    """Its lists come back as they were, under a schema of their own."""
    manifest = tiny.bundle(SEGMENT, tiny.CLOCKED).manifest
    assert manifest.schema == FURTHER
    content = encode_manifest(manifest)
    assert b'"kind":"clock","time_zone":"Europe/Berlin"' in content
    assert decode_manifest(content) == manifest
    with pytest.raises(BundleError, match="expected schema 3"):
        encode_manifest(msgspec.structs.replace(manifest, schema=DERIVED))
    with pytest.raises(BundleError, match="must ascend"):
        decode_manifest(content.replace(b'"holidays":[2,5]', b'"holidays":[5,2]'))


@pytest.mark.parametrize(
    ("contract", "origins", "said"),
    [
        (tiny.CLOCKED, None, "expected 1 golden origins; got none"),
        (tiny.CLOCKED, [0, 0], "expected 1 golden origins; got 2"),
        (tiny.CLOCKED, [2**63 - 1], "origins that are times"),
        (tiny.CONTRACT, [0], "expected no golden origins; got 1"),
    ],
)
def test_golden_origins_are_those_that_the_contract_needs(contract: Contract, origins: list[int] | None, said: str) -> None:
    """One time for each window, where there is a clock that looks at it."""
    shape = (1, contract.horizon, len(contract.quantiles))
    kept = Golden.of(np.zeros((1, contract.window)), np.zeros(1, np.int32), np.zeros(shape))
    with pytest.raises(BundleError, match=said):
        check_golden(msgspec.structs.replace(kept, origins=origins), contract, 3)


def test_a_clock_does_not_change_what_windows_are() -> None:
    """State and scores are kept under the contract without it."""
    assert tiny.CLOCKED.plain == tiny.CONTRACT
    assert replace(tiny.CLOCKED, horizon=3).plain == replace(tiny.CONTRACT, horizon=3)


TOLD = replace(tiny.CLOCKED, inputs=(*tiny.CLOCKED.inputs, Known("wind"), Known("price")))
ORIGINS = np.array([30, 33]) * TOLD.interval


def told_golden(context: Context) -> Golden:
    """Golden forecasts of two windows, with what is known beside them."""
    shape = (2, TOLD.horizon, len(TOLD.quantiles))
    zeros = np.zeros((2, TOLD.window)), np.zeros(2, np.int32), np.zeros(shape)
    return Golden.of(*zeros, None, context.origin, context.known(TOLD))


def test_golden_windows_bring_what_was_known_of_their_leads() -> None:
    """Values of inputs come back as they were, those of the day before as well, and so does what was missing."""
    issues = Issues.of([ALWAYS] * 4, [time * TOLD.interval for time in (8, 30, 31, 38)], [1, 2, 3, 4])
    context = Context(ORIGINS, {"wind": issues.on_grid(TOLD.interval)})
    golden = told_golden(context)
    check_golden(golden, TOLD, 3)
    again = msgspec.json.decode(msgspec.json.encode(golden), type=Golden).context(TOLD, 5)
    assert again is not None
    np.testing.assert_array_equal(again.future(TOLD), context.future(TOLD)[[0, 1, 0, 1, 0]])
    assert context.future(TOLD)[0, :2, 5].tolist() == [2, 3]


def test_golden_values_are_those_of_the_inputs() -> None:
    """Another input, or another number of leads, does not belong to the contract."""
    golden = told_golden(Context(ORIGINS))
    other = replace(TOLD, inputs=TOLD.inputs[:2])
    short = msgspec.structs.replace(golden, known={"wind": [[1.0]], "price": [[1.0]]})
    for wrong, kept in ((other, golden), (TOLD, short)):
        with pytest.raises(BundleError, match="expected golden values of the inputs"):
            check_golden(kept, wrong, 3)


def test_golden_values_of_an_input_that_holds_are_not_held_once_more() -> None:
    """What was missing at an origin stays missing, although a value lies before it."""
    contract = replace(TOLD, inputs=(*TOLD.inputs[:1], Known("wind", hold=2 * TOLD.interval)))
    moments = [time * TOLD.interval for time in (8, 20)]
    issues = Issues.of(moments, moments, [1, 2]).on_grid(TOLD.interval)
    context = Context(ORIGINS, {"wind": issues})
    known = context.known(contract)["wind"]
    assert np.isfinite(known).sum(axis=1).tolist() == [6, 5]  # of three hours each one has passed at 9:00
    shape = (2, TOLD.horizon, len(TOLD.quantiles))
    zeros = np.zeros((2, TOLD.window)), np.zeros(2, np.int32), np.zeros(shape)
    kept = Golden.of(*zeros, None, context.origin, context.known(contract)).context(contract)
    assert kept is not None
    np.testing.assert_array_equal(kept.known(contract)["wind"], known)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.lists(st.integers(8, 70), min_size=2, max_size=9, unique=True))
def test_what_was_forgotten_at_a_golden_origin_is_not_brought_by_one_before(told: list[int], hours: list[int]) -> None:
    """A sensor fell silent: held values of one origin reach over others, at which they had expired."""
    contract = replace(TOLD, inputs=(*TOLD.inputs[:1], Known("wind", hold=2 * TOLD.interval)))
    moments, origins = sorted(hour * TOLD.interval for hour in told), np.array(hours) * TOLD.interval
    context = Context(origins, {"wind": Issues.of(moments, moments, range(len(moments))).on_grid(TOLD.interval)})
    count = len(hours)
    zeros = np.zeros((count, TOLD.window)), np.zeros(count, np.int32), np.zeros((count, TOLD.horizon, len(TOLD.quantiles)))
    kept = Golden.of(*zeros, None, origins, context.known(contract)).context(contract)
    assert kept is not None
    np.testing.assert_array_equal(kept.future(contract), context.future(contract))


def test_the_manifest_says_how_long_an_input_holds_and_old_ones_say_nothing() -> None:
    """Without the name it is 0, as it was before."""
    told = Known("wind", hold=TOLD.interval)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Known) == told
    assert msgspec.json.decode(b'{"kind":"known","name":"wind"}', type=Known).hold == 0
