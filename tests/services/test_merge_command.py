"""The command `merge-records`."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from flask import Flask

from services.settings import define_field
from tests.factories import CompanyFactory
from tests.services.merging import REAL, lines, template_with
from tests.word.making import docx, merge_field, p

EXPECTED = yaml.safe_load((REAL / "expected.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "letter.docx"
    path.write_bytes(template_with("Name", "Paikka"))
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "letters.docx"


def run(app: Flask, template: Path, output: Path, *options: Any, register: str = "company") -> Result:
    arguments = ["merge-records", register, str(template), str(output), *map(str, options)]
    return app.test_cli_runner().invoke(args=arguments)


def written(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_merge_records_all_and_filtered(app: Flask, template: Path, output: Path, tmp_path: Path) -> None:
    CompanyFactory(name="Alfa Oy", city="Oulu")
    CompanyFactory(name="Beta Oy", city="Turku")
    result = run(app, template, output)
    assert result.exit_code == 0, result.output
    assert "2 letters written to" in result.output
    assert "nothing fills them: Paikka" in result.output
    assert lines(output.read_bytes()) == ["Alfa Oy|", "Beta Oy|"]
    mapping = written(tmp_path / "map.yaml", "paikka: city\n")
    conditions = json.dumps([{"col": "city", "opr": "eq", "value": "Turku"}])
    result = run(app, template, output, "--filter", conditions, "--map", mapping, "--unknown", "stop")
    assert (result.exit_code, lines(output.read_bytes())) == (0, ["Beta Oy|Turku"])
    assert "nothing fills" not in result.output


def test_merge_records_data_of_every_kind(app: Flask, output: Path, tmp_path: Path) -> None:
    source = tmp_path / "t.docx"
    source.write_bytes(docx(p(merge_field("First Name"), "|", merge_field("Sum", '\\# "# ##0,00"'), "|",
                              merge_field("ok"), "|", merge_field("none"))))  # fmt: skip
    rows = [{"first_name": "Åsa & <Co>", "SUM": 12345.678, "OK": True, "none": None}, {"First Name": "Bo"}]
    data = written(tmp_path / "rows.json", json.dumps(rows))
    result = run(app, source, output, "--data", data, "--language", "fi")
    assert result.exit_code == 0, result.output
    assert lines(output.read_bytes()) == ["Åsa & <Co>|12 345,68|Kyllä|", "Bo|||"]


def test_merge_records_data_with_a_map_of_its_keys(app: Flask, template: Path, output: Path, tmp_path: Path) -> None:
    data = written(tmp_path / "rows.json", '[{"firm": "A", "paikka": "Pori"}]')
    mapping = written(tmp_path / "map.yaml", "Name: firm\n")
    assert run(app, template, output, "--data", data, "--map", mapping, "--unknown", "stop").exit_code == 0
    assert lines(output.read_bytes()) == ["A|Pori"]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_merge_records_real_template_leaves_nothing_unknown(
    app: Flask, output: Path, tmp_path: Path, name: str
) -> None:
    fields = EXPECTED[name]["fields"]
    data = written(tmp_path / "rows.json", json.dumps([dict.fromkeys(fields, f"Arvo {n}") or {"x": n} for n in (1, 2)]))
    result = run(app, REAL / "templates" / name, output, "--data", data, "--unknown", "stop")
    assert result.exit_code == 0, result.output
    lines(output.read_bytes())


def test_merge_records_unknown_stop_writes_nothing(app: Flask, template: Path, output: Path) -> None:
    CompanyFactory()
    output.write_bytes(b"before")
    result = run(app, template, output, "--unknown", "stop")
    assert result.exit_code == 1
    assert "Nothing fills these merge fields: Paikka." in result.output
    assert output.read_bytes() == b"before"
    assert sorted(path.name for path in output.parent.iterdir()) == ["letter.docx", "letters.docx"]


@pytest.mark.parametrize(("options", "said"), [
    (("--filter", "{"), "the filter can't be read as JSON"),
    (("--filter", '{"col": 1}'), "JSON list"),
    (("--filter", '[{"col": "nope", "opr": "eq", "value": 1}]'), "no field “nope”"),
    (("--filter", '[{"col": "city", "opr": "$where", "value": 1}]'), "can't be asked"),
    (("--filter", '[{"col": "city", "opr": "eq", "value": {"$gt": ""}}]'), "text"),
    (("--filter", '[{"col": "city", "opr": "eq", "value": "Nowhere"}]'), "nobody to write to"),
])  # fmt: skip
def test_merge_records_wrong_filter_is_one_message(
    app: Flask, template: Path, output: Path, options: tuple[str, str], said: str
) -> None:
    CompanyFactory()
    result = run(app, template, output, *options)
    assert (result.exit_code, output.exists()) == (1, False)
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(("content", "said"), [
    ("", "can't be read as JSON"), ("{}", "JSON list of objects"), ("[1]", "JSON list of objects"),
    ('[{"name": [1]}]', "Object 1: “name” must be a text"), ('[{"name": NaN}]', "NaN"), ("[" * 100_000, "JSON"),
    ("[]", "nobody to write to"),
])  # fmt: skip
def test_merge_records_wrong_data_is_one_message(
    app: Flask, template: Path, output: Path, tmp_path: Path, content: str, said: str
) -> None:
    result = run(app, template, output, "--data", written(tmp_path / "rows.json", content))
    assert (result.exit_code, output.exists()) == (1, False)
    assert said in result.output


@pytest.mark.parametrize(("content", "said"), [
    ("[a", "YAML"), ("- a\n", "merge field: column"), ("Paikka: [1]\n", "Line 1"),
    ("Paikka: nope\n", "no field “nope”"),
])  # fmt: skip
def test_merge_records_wrong_map_is_one_message(
    app: Flask, template: Path, output: Path, tmp_path: Path, content: str, said: str
) -> None:
    result = run(app, template, output, "--map", written(tmp_path / "map.yaml", content))
    assert (result.exit_code, output.exists()) == (1, False)
    assert said in result.output


def test_merge_records_bad_template_register_or_folder(app: Flask, template: Path, output: Path) -> None:
    CompanyFactory()
    pdf = run(app, REAL / "bad" / "x_pdf.docx", output, "--language", "fi")
    assert (pdf.exit_code, output.exists()) == (1, False)
    assert run(app, template, output, register="nothing").exit_code == 1
    assert run(app, template, output.parent / "none" / "o.docx").exit_code == 1


def test_merge_records_wrong_use_is_told_as_such(app: Flask, template: Path, output: Path, tmp_path: Path) -> None:
    data = written(tmp_path / "rows.json", "[]")
    assert run(app, template, output, "--unknown", "perhaps").exit_code == 2
    assert run(app, tmp_path / "no.docx", output).exit_code == 2
    assert run(app, template, output, "--data", data, "--filter", "[]").exit_code == 2


def test_merge_records_custom_field_by_its_finnish_label(
    app: Flask, output: Path, tmp_path: Path, admin_access: Any
) -> None:
    define_field(admin_access, {"register": "company", "key": "founded", "kind": "number",
                                "label": {"en": "Founded", "fi": "Perustettu vuonna"}})  # fmt: skip
    CompanyFactory(x_founded=987)
    source = tmp_path / "t.docx"
    source.write_bytes(template_with("perustettu_vuonna", "X_FOUNDED"))
    assert run(app, source, output, "--unknown", "stop").exit_code == 0
    assert lines(output.read_bytes()) == ["987|987"]
