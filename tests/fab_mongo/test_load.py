"""Many requests at once: nobody gets somebody else's rows."""

import re
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from tests.fab_mongo import toys
from tests.fab_mongo.conftest import Browser
from tests.fab_mongo.toys import Book

THREADS, REQUESTS = 8, 250
BOOKS = 40


def _wrong_answers(app: Flask, thread: int) -> list[str]:
    """Ask for one book after the other, by HTML and REST in turn; return the addresses answered wrongly."""
    client = app.test_client()
    login = {"username": "boss", "password": toys.PASSWORD}
    Browser(client).post("/login/", login)
    token = client.post("/api/v1/security/login", json=login).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    wrong = []
    for number in range(REQUESTS):
        pages = 1 + (thread * 7 + number) % BOOKS
        if number % 3 == 0:
            url = f"/thinbookview/list/?_flt_eq_pages={pages}"
            found = re.findall(r"<td>(book \d+)</td>", client.get(url).text)
        else:
            url = f"/api/v1/book/?q=(columns:!(title),filters:!((col:pages,opr:eq,value:{pages})))"
            found = [row["title"] for row in client.get(url, headers=headers).json["result"]]
        if found != [f"book {pages}"]:
            wrong.append(f"{url} answered {found}")
    return wrong


def test_filtered_requests_of_eight_threads_are_answered_rightly(app: Flask) -> None:
    for pages in range(1, BOOKS + 1):
        Book(title=f"book {pages}", pages=pages).save()
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda thread: _wrong_answers(app, thread), range(THREADS)))
    assert [wrong for thread in answers for wrong in thread] == []
