"""Pages in the browser: accessible, judged by axe-core (WCAG 2.2 A and AA, and its best practices), and fitting."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

SOURCE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
TORN = """place => {
  const words = [], walk = document.createTreeWalker(place, NodeFilter.SHOW_TEXT), range = document.createRange();
  while (walk.nextNode()) for (const word of walk.currentNode.data.matchAll(/[^ \\n-]+/g)) {
    range.setStart(walk.currentNode, word.index);
    range.setEnd(walk.currentNode, word.index + word[0].length);
    if (range.getClientRects().length > 1) words.push(word[0]);
  }
  return words;
}"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page, within: str | None = None) -> list[str]:
    """One line per finding: rule, element, what is wrong."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SOURCE)
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found: dict[str, Any] = page.evaluate(
        "([within, options]) => axe.run(within || document, options)", [within, options]
    )
    return [
        f"{rule['id']}: {node['html'][:160]} – {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def assert_axe_clean(page: Page, within: str | None = None) -> None:
    """Fails with every finding; `within` is a selector, without it the whole page is judged."""
    found = violations(page, within)
    assert not found, "\n\n".join(found)


def assert_fits(page: Page) -> None:
    """Nothing reaches beyond the window, and no table hides its last columns and the buttons in them."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    hidden = page.locator(".ewx-table-wrap").evaluate_all(
        "wraps => wraps.filter(wrap => wrap.scrollWidth > wrap.clientWidth).map(wrap => wrap.innerText.slice(0, 200))"
    )
    assert not hidden, (page.url, hidden)


def torn(place: Locator) -> list[str]:
    """The words, as blanks that may break part them, of which a part stands in another line."""
    found: list[str] = place.evaluate(TORN)
    return found
