"""What the property tests draw from: clean documents, codes, text."""

import string
import unicodedata
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from partners.protocol import wire
from partners.protocol.keys import KeyPair
from partners.protocol.pairing_code import PairingCode

moderate = settings(max_examples=50, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
few = settings(moderate, max_examples=20)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ID_CHARACTERS = string.ascii_letters + string.digits + "_-"


def lines(limit: int, least: int = 1) -> st.SearchStrategy[str]:
    """Text as a receiver keeps it: NFC, no control characters, no blanks around it."""
    clean = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=least, max_size=min(limit, 20))
    normal = clean.map(lambda text: unicodedata.normalize("NFC", text).strip())
    return normal.filter(lambda text: least <= len(text) <= limit)


def notes() -> st.SearchStrategy[str]:
    return st.lists(lines(80, least=0), max_size=3).map("\n".join)


ids = st.text(ID_CHARACTERS, min_size=1, max_size=64)
maybe_ids = st.just("") | ids
words = st.sampled_from(["confirmed", "other", "a word of tomorrow"])
counts = st.integers(0, 999_999)
quantities = st.integers(1, 999_999)
versions = st.integers(1, 2**31 - 1)
amounts = st.decimals(0, 10**12 - 1, places=2, allow_nan=False, allow_infinity=False)
percents = st.decimals(0, 100, places=2)
instants = st.integers(0, 7_258_118_399_999_999).map(lambda at: EPOCH + timedelta(microseconds=at))
zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])
currencies = st.sampled_from(["EUR", "CHF", "JPY", "KWD"])


@st.composite
def periods(draw):
    start, end = sorted(draw(st.lists(instants, min_size=2, max_size=2, unique=True)))
    return wire.ZonedPeriod(start, end, draw(zones))


def maybe(strategy):
    return st.none() | strategy


@st.composite
def pairing_codes(draw):
    host = draw(st.sampled_from(["ewx.example", "a.b.example", "xn--bhne-5qa.example", "203.0.113.9", "[2001:db8::1]"]))
    name = lines(20).filter(lambda text: len(text.encode()) <= 80)
    no_bidi = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf"])
    return PairingCode(
        connection_id=draw(st.uuids()),
        public_key=KeyPair.from_raw(draw(st.binary(min_size=32, max_size=32))).public,
        origin="https://" + host,
        tenant_id=draw(ids),
        display_name=draw(name.filter(lambda text: not any(unicodedata.category(c) == "Cf" for c in text)))
        if draw(st.booleans())
        else unicodedata.normalize("NFC", draw(st.text(no_bidi, min_size=1, max_size=6))),
        expires_at=draw(st.integers(1_800_000_000, 2**32 - 1).map(lambda at: datetime.fromtimestamp(at, UTC))),
    )


connections = st.builds(
    wire.ConnectionDocument,
    connection=st.uuids(),
    tenant=ids,
    display_name=lines(200),
    state=words,
    paused_by=st.lists(words, max_size=2).map(tuple),
    verified=st.booleans(),
    protocol=maybe(st.builds(wire.ProtocolRange, min=words, max=words)),
    capabilities=st.lists(words, max_size=3).map(tuple),
    level_granted_to_you=st.integers(0, 3),
    time=maybe(instants),
)
pairing_requests = st.builds(wire.PairingRequest, connection=st.uuids(), partner_connection=st.uuids())
public_keys = st.binary(min_size=32, max_size=32).map(lambda secret: KeyPair.from_raw(secret).public)
new_keys = st.builds(wire.NewKey, public_key=public_keys)
stored_keys = st.builds(
    wire.StoredKey, keyid=st.text("0123456789abcdef", min_size=16, max_size=16), state=words, since=maybe(instants)
)
key_lists = st.builds(wire.KeyList, items=st.lists(stored_keys, max_size=3).map(tuple))
notices = st.builds(wire.Notice, notice=words)

prices = st.builds(
    wire.Price,
    currency=currencies,
    list=maybe(amounts),
    discount_percent=maybe(percents),
    net=maybe(amounts),
    factors=st.lists(st.builds(wire.FactorStep, days=st.integers(1, 365), factor=amounts), max_size=3).map(tuple),
    extra_day_factor=maybe(amounts),
    net_for_period=maybe(amounts),
)
stocks = st.one_of(
    st.builds(wire.ExactStock, owned=counts, free=counts),
    st.builds(wire.YesNoStock, available=st.booleans()),
    st.builds(wire.CappedStock, at_least=counts),
    st.just(wire.UnknownStock(mode="a mode of tomorrow")),
)
listings = st.builds(
    wire.Listing,
    id=ids,
    number=lines(100),
    name=lines(200),
    description=notes(),
    manufacturer=lines(200, least=0),
    manufacturer_part_number=lines(100, least=0),
    gtin=lines(14, least=0),
    category=maybe(st.builds(wire.ListedCategory, id=ids, name=lines(200))),
    unit=lines(100, least=0),
    kind=st.sampled_from(["rental", "sale", "lease"]),
    weight_kg=maybe(amounts),
    has_picture=st.booleans(),
    updated_at=maybe(instants),
    price=maybe(prices),
    stock=maybe(stocks),
)
listing_pages = st.builds(
    wire.ListingPage, items=st.lists(listings, max_size=3).map(tuple), next=maybe_ids, as_of=maybe(instants)
)
asked_lines = st.builds(wire.AskedLine, article=ids, quantity=quantities)
availability_requests = st.builds(
    wire.AvailabilityRequest, period=periods(), lines=st.lists(asked_lines, min_size=1, max_size=3).map(tuple)
)
answered_lines = st.builds(
    wire.AnsweredLine,
    article=ids,
    stock=maybe(stocks),
    bottleneck=maybe(st.builds(wire.Bottleneck, start=instants, end=instants)),
)
availabilities = st.builds(
    wire.Availability, as_of=maybe(instants), lines=st.lists(answered_lines, min_size=1, max_size=3).map(tuple)
)
category_lists = st.builds(
    wire.CategoryList,
    items=st.lists(st.builds(wire.Category, id=ids, name=lines(200), parent=maybe_ids), max_size=3).map(tuple),
    as_of=maybe(instants),
)

addresses = st.builds(
    wire.OrderAddress,
    street=lines(200, least=0),
    postcode=lines(100, least=0),
    city=lines(200, least=0),
    country=lines(100, least=0),
)
buyers = st.builds(
    wire.OrderBuyer,
    name=lines(200),
    contact=maybe(
        st.builds(wire.OrderContact, name=lines(200, least=0), email=lines(200, least=0), phone=lines(100, least=0))
    ),
    address=maybe(addresses),
)
logistics = st.builds(
    wire.OrderLogistics,
    out=words,
    out_at=maybe(instants),
    back=words,
    back_at=maybe(instants),
    address=maybe(addresses),
    note=notes(),
)
own_articles = st.builds(wire.BuyerArticle, number=lines(100), name=lines(200))
request_line = {
    "id": st.uuids(),
    "article": ids,
    "quantity": quantities,
    "expected_net": maybe(amounts),
    "buyer_article": maybe(own_articles),
}
figures = {
    "unit_price": maybe(amounts),
    "factor": maybe(amounts),
    "discount_percent": maybe(percents),
    "net": maybe(amounts),
}
answers = st.builds(
    wire.Answer,
    outcome=words,
    quantity=maybe(counts),
    period=maybe(periods()),
    article=maybe_ids,
    reason=notes(),
    note=notes(),
    **figures,
)


def some_lines(line: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(line, min_size=1, max_size=3, unique_by=lambda each: each.id).map(tuple)


request_lines = some_lines(st.builds(wire.RequestLine, **request_line))
order_lines = some_lines(
    st.builds(wire.OrderLine, number=lines(100), name=lines(200), answer=maybe(answers), **request_line, **figures)
)
head = {
    "id": st.uuids(),
    "intent": words,
    "buyer_reference": lines(100, least=0),
    "buyer": buyers,
    "planning_period": periods(),
    "usage_period": periods(),
    "logistics": maybe(logistics),
    "remark": notes(),
    "currency": currencies,
}
proposals = st.builds(
    wire.Proposal, planning_period=periods(), usage_period=periods(), lines=order_lines, net=maybe(amounts)
)
order_requests = st.builds(wire.OrderRequest, lines=request_lines, **head)
orders = st.builds(
    wire.OrderDocument,
    version=versions,
    state=words,
    supplier_reference=lines(100, least=0),
    created_at=maybe(instants),
    updated_at=maybe(instants),
    seen_at=maybe(instants),
    valid_until=maybe(instants),
    reason=notes(),
    net=maybe(amounts),
    proposal=maybe(proposals),
    lines=order_lines,
    **head,
)
commands = st.builds(
    wire.Command,
    command=words,
    expected_version=versions,
    lines=maybe(st.lists(st.uuids(), min_size=1, max_size=3).map(tuple)),
    reason=notes(),
    proposal=maybe(
        st.builds(wire.BuyerProposal, planning_period=periods(), usage_period=periods(), lines=request_lines)
    ),
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8), inner, max_size=4
        )
    ),
    max_leaves=12,
)
problems = st.builds(
    wire.Problem,
    type=lines(200),
    title=lines(200, least=0),
    status=st.integers(100, 599),
    detail=notes(),
    instance=lines(200, least=0),
    errors=st.lists(st.builds(wire.FieldError, pointer=lines(1000, least=0), code=lines(100)), max_size=3).map(tuple),
    current=st.none() | st.lists(st.integers() | st.booleans() | st.just("")),  # raw: what is in it stays as it is
    retry_after=maybe(st.integers(0, 2**31 - 1)),
    min=lines(100, least=0),
    max=lines(100, least=0),
)
order_events = st.builds(wire.OrderEvent, event=words, order=orders)
applied = st.builds(wire.Applied, applied=st.booleans())
order_pages = st.builds(
    wire.OrderPage, items=st.lists(orders, max_size=2).map(tuple), next=maybe_ids, as_of=maybe(instants)
)
