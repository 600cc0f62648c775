"""Every address there is, with nonsense in its place and behind it: never an error of the program."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

NONSENSE = ("abc", "0123456789abcdef01234567", "$where", "company", "-1", "ä ö", "x" * 300)
QUERIES = ("page=abc&page_size=-1&order=$where&dir=x", "q=!(((&_flt_0_name=1&_flt_eq_name=%00", "q=(page:-1,filters:1)",
           "where=[{&_flt_period_created_at=x", "where=[{%22any%22:[7]}]",
           "next=//evil.example/&back=%0d%0a&after=abc&before=%00")  # fmt: skip
BODIES = ({}, {"rowid": ["$ne"], "all_matching": "1", "conditions": "[[]]", "name": "\x00", "version": "abc"},
          {"name": "x" * 5000, "kind": "$", "template": "abc", "email": "a@b", "choice_key": ["a", "a"],
           "order": "1"})  # fmt: skip
#: Not ours to send nonsense to: they end the session that the rest needs.
LEFT_OUT = ("/logout/",)


def rules(app: Flask) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if not rule.rule.startswith(LEFT_OUT))


def addresses(app: Flask, rule: Rule) -> Iterator[str]:
    """The rule's address with nonsense for its arguments; itself, as often as there are queries, where it has none."""
    for value in NONSENSE if rule.arguments else QUERIES:
        adapter = app.url_map.bind("localhost")
        values: dict[str, object] = {
            name: 7 if type(converter).__name__ == "IntegerConverter" else value
            for name, converter in rule._converters.items()
        }
        yield adapter.build(rule.endpoint, values, method=next(iter(rule.methods or {"GET"})))


@pytest.mark.parametrize("who", ["administrator", "nobody"])
def test_no_route_fails_whatever_is_sent(app: Flask, client: FlaskClient, who: str) -> None:
    browser = client if who == "administrator" else app.test_client()
    failed = []
    for rule in rules(app):
        for number, address in enumerate(addresses(app, rule)):
            query = QUERIES[number % len(QUERIES)]
            answers = [browser.get(f"{address}?{query}")] if "GET" in (rule.methods or ()) else []
            if "POST" in (rule.methods or ()):
                answers.append(browser.post(f"{address}?{query}", data=BODIES[number % len(BODIES)]))
            failed += [(answer.request.path, answer.status_code) for answer in answers if answer.status_code >= 500]
    assert failed == []
