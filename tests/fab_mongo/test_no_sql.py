"""No SQL session anywhere: what a fresh process has loaded after building an application and serving it."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, sys
import mongoengine as me
me.connect(sys.argv[2], host=sys.argv[1], tz_aware=True, uuidRepresentation="standard")
from tests.fab_mongo import toys
app = toys.make_app()
for document_class in (toys.ToyUser, toys.Book):
    document_class.objects.delete()
toys.add_user(app, "boss", "Admin")
book = toys.Book(title="one").save()
from tests.fab_mongo.conftest import Browser
client = app.test_client()
login = {"username": "boss", "password": toys.PASSWORD}
token = client.post("/api/v1/security/login", json=login).json["access_token"]
Browser(client).post("/login/", login)
headers = {"Authorization": f"Bearer {token}"}
urls = ["/bookview/list/", "/bookview/add", f"/bookview/show/{book.pk}", "/users/list/",
        "/api/v1/book/", f"/api/v1/book/{book.pk}", "/api/v1/_openapi"]
statuses = [client.get(url, headers=headers).status_code for url in urls]
print(json.dumps({"statuses": statuses, "modules": sorted(sys.modules)}))
"""


def test_application_served_loads_no_sql_session(mongodb_uri: str, database_name: str) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", SCRIPT, mongodb_uri, f"{database_name}_toys"]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["statuses"] == [200] * 7
    assert "flask_appbuilder.security.sqla" not in told["modules"]
    assert "flask_appbuilder.security.sqla.manager" not in told["modules"]
    assert "flask_sqlalchemy" not in told["modules"]


def test_package_imports_nothing_of_the_application() -> None:
    script = "import fab_mongo, sys, json; print(json.dumps(sorted(sys.modules)))"
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    ours = {"app", "config", "models", "run", "services", "views"}
    assert not ours & set(json.loads(ran.stdout))
