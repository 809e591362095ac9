"""Origins in their one spelling (protocol §1, security rows 6 and 12)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol.origins import is_canonical, is_standard
from tests.partners.protocol.strategies import moderate


@pytest.mark.parametrize(
    "origin",
    [
        "https://ewx.example",
        "https://a",
        "https://localhost",
        "https://xn--bhne-5qa.example",
        "https://a-b.c1.example",
        "https://1a.example",
        "https://203.0.113.9",
        "https://[2001:db8::1]",
        "https://[::1]",
    ],
)
def test_standard_origins(origin: str):
    assert is_canonical(origin)
    assert is_standard(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "https://ewx.example:8443",
        "https://ewx.example:80",
        "http://ewx.example",
        "http://ewx.example:443",
        "http://127.0.0.1:8001",
        "https://[2001:db8::1]:8443",
        "http://[::1]",
    ],
)
def test_origins_that_need_leave(origin: str):
    assert is_canonical(origin)
    assert not is_standard(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "ewx.example",
        "ftp://ewx.example",
        "HTTPS://ewx.example",
        "https://EWX.example",
        "https://ewx.example/",
        "https://ewx.example/path",
        "https://ewx.example?x",
        "https://ewx.example#x",
        "https://ewx.example:443",
        "http://ewx.example:80",
        "https://ewx.example:",
        "https://ewx.example:0",
        "https://ewx.example:08443",
        "https://ewx.example:65536",
        "https://ewx.example:99999999999",
        "https://ewx.example.",
        "https://.ewx.example",
        "https://ewx..example",
        "https://-ewx.example",
        "https://ewx-.example",
        "https://e_wx.example",
        "https://bühne.example",
        "https://user@ewx.example",
        "https://user:pw@ewx.example",
        "https://ewx.example\n",
        " https://ewx.example",
        "https://ewx.exa mple",
        "https://ewx%2eexample",
        "https://" + "a" * 64 + ".example",
        "https://" + ".".join(["a" * 60] * 5),
        "https://127.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.0.0.1",
        "https://0177.0.0.1",
        "https://1.2.3.4.5",
        "https://256.1.1.1",
        "https://ewx.123",
        "https://[2001:DB8::1]",
        "https://[2001:0db8::1]",
        "https://[2001:db8:0:0::1]",
        "https://[::ffff:102:304]",
        "https://[::ffff:1.2.3.4]",
        "https://[fe80::1%eth0]",
        "https://[::1",
        "https://::1",
        "https://[]",
        "https://[1.2.3.4]",
        "https://",
    ],
)
def test_other_spellings(origin: str):
    assert not is_canonical(origin)


@given(st.text(max_size=60))
@moderate
def test_any_text_is_judged(text: str):
    for origin in (text, f"https://{text}", f"https://[{text}]", f"https://ewx.example:{text}"):
        assert is_canonical(origin) in {True, False}
