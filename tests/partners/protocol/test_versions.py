"""Versions and capabilities: what two sides have in common, and nothing on trial (protocol §8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol.versions import Capability, NoCommonVersion, Offer, Version, agree, needed_for
from tests.partners.protocol.strategies import moderate

versions = st.builds(Version, st.integers(0, 9999), st.integers(0, 9999))
names = st.frozensets(st.sampled_from([*Capability, "of tomorrow"]))


@st.composite
def offers(draw) -> Offer:
    low, high = sorted(draw(st.tuples(versions, versions)))
    return Offer(min=low, max=high, capabilities=draw(names))


def offer(low: str, high: str, *capabilities: str) -> Offer:
    return Offer.parse(low, high, capabilities)


@given(versions)
@moderate
def test_there_and_back(version: Version):
    assert Version.parse(str(version)) == version


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.", ".1", "1.0.0", "01.0", "1.00", "1.0 ", "1.0\n", "v1.0", "1,0", "-1.0", "1.12345", "١.٠", "1.x"],
    ids=ascii,
)
def test_what_is_no_version(text: str):
    with pytest.raises(NoCommonVersion):
        Version.parse(text)


def test_versions_compare_as_numbers():
    assert Version.parse("1.9") < Version.parse("1.10") < Version.parse("2.0")


@given(offers(), offers())
@moderate
def test_an_agreement_is_the_intersection_and_the_same_for_both(one: Offer, other: Offer):
    try:
        found = agree(one, other)
    except NoCommonVersion:
        with pytest.raises(NoCommonVersion):
            agree(other, one)
        assert one.max < other.min or other.max < one.min
        return
    assert found == agree(other, one)
    assert all(side.min <= found.version <= side.max for side in (one, other))
    assert found.version in (one.max, other.max)
    assert found.capabilities == {name for name in one.capabilities if name in other.capabilities}


@given(offers())
@moderate
def test_a_side_agrees_with_itself(one: Offer):
    assert agree(one, one).version == one.max


@pytest.mark.parametrize(
    ("theirs", "spoken"),
    [
        (("1.0", "1.0"), "1.0"),
        (("1.0", "1.7"), "1.0"),
        (("1.0", "2.3"), "1.0"),
        (("0.9", "1.0"), "1.0"),
        (("1.1", "1.7"), None),
        (("2.0", "2.0"), None),
        (("0.1", "0.9"), None),
        (("1.0", "0.9"), None),
    ],
)
def test_whom_version_1_0_can_talk_to(theirs: tuple[str, str], spoken: str | None):
    ours = offer("1.0", "1.0")
    if spoken is None:
        with pytest.raises(NoCommonVersion):
            agree(ours, offer(*theirs))
    else:
        assert str(agree(ours, offer(*theirs)).version) == spoken


def test_an_unknown_capability_is_never_agreed_upon():
    ours = offer("1.0", "1.0", Capability.KEYS, Capability.CHANGE)
    theirs = offer("1.0", "1.0", "change", "of tomorrow")
    assert agree(ours, theirs).capabilities == {Capability.CHANGE}


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("/keys", Capability.KEYS),
        ("/keys/0123456789abcdef", Capability.KEYS),
        ("/availability", Capability.AVAILABILITY),
        ("/articles/17/picture", Capability.PICTURES),
        ("/articles/17", None),
        ("/articles/picture", None),
        ("/connection", None),
        ("/orders/keys", None),
        ("/orders", None),
    ],
)
def test_which_paths_need_a_capability(path: str, needed: Capability | None):
    assert needed_for(path) is needed
