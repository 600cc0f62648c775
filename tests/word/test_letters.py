"""Letters from small templates made here: each recipient sees only what belongs to that recipient."""

from decimal import Decimal
from pathlib import Path

import pytest

from services.word import TemplateError, WordTemplate, normalise_name
from tests.word.making import (
    code,
    docx,
    field,
    mark,
    merge_field,
    merged,
    merged_with_report,
    notes,
    p,
    run,
    section,
    simple,
    table,
    text_box,
    zipped,
)
from tests.word.reading import W, parts, read_letters, tree
from tests.word.validity import assert_filled, assert_valid

NAMES = [{"name": "Aino"}, {"name": "Bertta"}, {"name": "Cecilia"}]
NAME = merge_field("name")


def lines(data: bytes, *records: dict, language: str = "en") -> list[list[str]]:
    return [letter.lines for letter in read_letters(merged(data, *records, language=language))]


def test_merge_headers_and_footers_belong_to_each_recipient(tmp_path: Path) -> None:
    data = docx(
        p("Hello ", NAME),
        section=section("header default rIdheader1", "footer first rIdfooter1", "header even rIdheader2"),
        parts={"header1": p("To ", NAME), "footer1": p(simple("MERGEFIELD name")), "header2": p("Same for all")},
    )
    result = merged(data, *NAMES)
    for letter, record in zip(read_letters(result), NAMES, strict=True):
        assert letter.lines == [f"Hello {record['name']}"]
        assert letter.headers == {"default": f"To {record['name']}", "even": "Same for all"}
        assert letter.footers == {"first": record["name"]}
    assert sum(name.startswith("word/header2") for name in parts(result)) == 1
    assert_valid(result, data, tmp_path)


def test_merge_equal_headers_are_written_once() -> None:
    data = docx(p(NAME), section=section("header default rIdheader1"), parts={"header1": p(merge_field("city"))})
    result = merged(data, *({"name": str(number), "city": "Oulu"} for number in range(50)))
    assert sum("header1" in name for name in parts(result)) == 1
    assert {letter.headers["default"] for letter in read_letters(result)} == {"Oulu"}


def test_merge_sections_inherit_within_the_letter_never_from_the_one_before(tmp_path: Path) -> None:
    first = f"<w:p><w:pPr>{section('header default rIdheader1')}</w:pPr></w:p>"
    second = f"<w:p><w:pPr>{section('header first rIdheader2', kind='continuous')}</w:pPr>{run('second')}</w:p>"
    data = docx(
        p("Hello ", NAME) + first + second + p("third"),
        section=section("footer default rIdfooter1"),
        parts={"header1": p("Private: ", NAME), "header2": p("First: ", NAME), "footer1": p("Foot: ", NAME)},
    )
    result = merged(data, *NAMES)
    targets = {item.get("Id"): item.get("Target") for item in tree(result, "word/_rels/document.xml.rels")}
    found = list(tree(result, "word/document.xml").iter(W + "sectPr"))
    assert len(found) == 9
    for place, properties in enumerate(found):
        texts = {}
        for reference in properties:
            if reference.tag.endswith("Reference"):
                part = targets[next(value for key, value in reference.attrib.items() if key.endswith("}id"))]
                kind = f"{reference.tag[len(W) :][:6]} {reference.get(W + 'type')}"
                texts[kind] = "".join(tree(result, "word/" + part).itertext(W + "t"))
        name = NAMES[place // 3]["name"]
        last = place % 3
        assert texts == {
            "header default": f"Private: {name}",
            "header first": f"First: {name}" if last else "",
            "footer default": f"Foot: {name}" if last == 2 else "",
        }
    assert_valid(result, data, tmp_path)


def test_merge_continuous_template_starts_each_letter_on_a_new_page_from_page_one() -> None:
    data = docx(p(NAME, field("PAGE", result="1")), section=section(kind="continuous"))
    result = merged(data, *NAMES)
    for letter in read_letters(result):
        assert letter.section is not None
        kind = letter.section.find(W + "type")
        assert kind is None or kind.get(W + "val") == "nextPage"
        assert letter.section.find(W + "pgNumType").get(W + "start") == "1"
    codes = [item.text for item in tree(result, "word/document.xml").iter(W + "instrText")]
    assert codes == ["PAGE"] * 3


def test_merge_adds_no_empty_paragraph_between_letters() -> None:
    letters = read_letters(merged(docx(p("Hello ", NAME) + p("Bye")), *NAMES))
    assert [letter.paragraphs for letter in letters] == [[f"Hello {n['name']}", "Bye"] for n in NAMES]


def test_merge_template_ending_with_a_table_is_valid(tmp_path: Path) -> None:
    bookmark = '<w:bookmarkStart w:id="3" w:name="x"/><w:bookmarkEnd w:id="3"/>'
    data = docx(table(p(NAME), p("b")) + bookmark)
    result = merged(data, *NAMES)
    assert [letter.lines for letter in read_letters(result)] == [[n["name"], "b"] for n in NAMES]
    assert_valid(result, data, tmp_path)


def test_merge_text_boxes_show_each_recipient_in_both_forms(tmp_path: Path) -> None:
    data = docx(p("Hello", text_box(NAME)))
    result = merged(data, *NAMES)
    letters = read_letters(result)
    assert [letter.boxes for letter in letters] == [[n["name"]] for n in NAMES]
    assert [letter.fallback_boxes for letter in letters] == [[n["name"]] for n in NAMES]
    assert_valid(result, data, tmp_path)


def test_merge_next_inside_text_boxes_counts_once_for_both_forms() -> None:
    data = docx(p(text_box(NAME)) + p(text_box(field("NEXT"), NAME)) + p(NAME))
    letters = read_letters(merged(data, *NAMES))
    assert [letter.boxes for letter in letters] == [["Aino", "Bertta"], ["Cecilia", ""]]
    assert [letter.fallback_boxes for letter in letters] == [["Aino", "Bertta"], ["Cecilia", ""]]
    assert letters[0].paragraphs[-1] == "Bertta"


def test_merge_footnotes_and_endnotes_are_each_letters_own(tmp_path: Path) -> None:
    reference = '<w:r><w:{}Reference w:id="{}"/></w:r>'
    data = docx(
        p("A", reference.format("footnote", 1), reference.format("footnote", 2), reference.format("endnote", 1)),
        parts={
            "footnotes": notes("footnotes", p("note for ", NAME), p("same for all")),
            "endnotes": notes("endnotes", p("end for ", NAME)),
            "settings": "<w:compat/>",
        },
    )
    result = merged(data, *NAMES)
    for letter, record in zip(read_letters(result), NAMES, strict=True):
        assert letter.footnotes == [f"note for {record['name']}", "same for all"]
        assert letter.endnotes == [f"end for {record['name']}"]
        assert letter.section is not None
        assert letter.section.find(f"{W}footnotePr/{W}numRestart").get(W + "val") == "eachSect"
    assert tree(result, "word/settings.xml").find(f"{W}endnotePr/{W}pos").get(W + "val") == "sectEnd"
    assert_valid(result, data, tmp_path)


def test_merge_ids_and_names_are_unique_in_all_letters(tmp_path: Path) -> None:
    long = "a_bookmark_with_a_name_of_40_characters_"
    marks = "".join(
        f'<w:bookmarkStart w:id="{number}" w:name="{name}"/><w:bookmarkEnd w:id="{number}"/>'
        for number, name in enumerate((long + "x", long + "y", "_Toc1", "_GoBack"))
    )
    control = '<w:sdt><w:sdtPr><w:id w:val="-5"/></w:sdtPr><w:sdtContent>' + run("c") + "</w:sdtContent></w:sdt>"
    link = f'<w:hyperlink w:anchor="_Toc1">{run("see")}</w:hyperlink>'
    identified = p(marks, control, link, field("PAGEREF _Toc1 \\h", result="1"), text_box(NAME)).replace(
        "<w:p>", '<w:p w14:paraId="00000001" w:rsidR="00AF3047">', 1
    )
    data = docx(identified + p(text_box("same")))
    result = merged(data, *NAMES)
    assert_valid(result, data, tmp_path)
    document = tree(result, "word/document.xml")
    names = {item.get(W + "name") for item in document.iter(W + "bookmarkStart")}
    anchors = [item.get(W + "anchor") for item in document.iter(W + "hyperlink")]
    assert len(names) == 9
    assert len(set(anchors)) == 3
    assert set(anchors) < names
    codes = [(item.text or "").split()[1] for item in document.iter(W + "instrText")]
    assert codes == anchors


def test_merge_comments_and_data_source_stay_behind() -> None:
    body = p(
        '<w:commentRangeStart w:id="0"/>',
        NAME,
        '<w:commentRangeEnd w:id="0"/>',
        '<w:r><w:commentReference w:id="0"/></w:r>',
    )
    data = docx(body, parts={"settings": '<w:mailMerge><w:query w:val="C:\\secret.xlsx"/></w:mailMerge>'})
    result = merged(data, *NAMES)
    assert b"comment" not in parts(result)["word/document.xml"]
    assert b"secret" not in b"".join(parts(result).values())
    assert_filled(result)


def test_merge_values_are_escaped_and_cleaned() -> None:
    data = docx(p("[", NAME, "]"))
    values = {
        "A & B <x> \"y\" 'z'": "A & B <x> \"y\" 'z'",
        "one\ntwo\r\nthree\x0bfour\rfive": "one\ntwo\nthree\nfour\nfive",
        "a\tb": "a\tb",
        "nul\x00 \ufffe \ud800 \x0c\x1b end": "nul    end",
        "مرحبا שלום 😀👨‍👩‍👧": "مرحبا שלום 😀👨‍👩‍👧",
        "{{ 7*7 }} {% x %} ${y}": "{{ 7*7 }} {% x %} ${y}",
        "]]><!-- <?x?>": "]]><!-- <?x?>",
    }
    found = lines(data, *({"name": value} for value in values))
    assert found == [[f"[{text}]"] for text in values.values()]


def test_merge_value_over_the_limit_is_cut_and_reported() -> None:
    result, report = merged_with_report(docx(p(NAME)), {"name": "short"}, {"name": "x" * 1_000_000})
    assert [len(letter.lines[0]) for letter in read_letters(result)] == [5, 32_000]
    assert report.truncated == ((2, "name"),)


def test_merge_kinds_of_values_are_written_in_the_language() -> None:
    data = docx(p(merge_field("a"), "|", merge_field("b"), "|", merge_field("c"), "|", merge_field("missing"), "|"))
    record = {"a": Decimal("1234.5"), "b": True, "c": None}
    assert lines(data, record, language="fi") == [["1234,5|Kyllä|||"]]
    assert lines(data, record, language="en") == [["1234.5|Yes|||"]]


def test_merge_names_match_without_case_and_with_underscores() -> None:
    data = docx(
        p(merge_field("LAST Name"), "/", simple(" MERGEFIELD last_name "), "/", simple(" MERGEFIELD last name "))
    )
    assert lines(data, {"Last Name": "Mäki"}) == [["Mäki/Mäki/Mäki"]]
    assert WordTemplate.read(data).field_names == ("LAST Name",)
    assert normalise_name("  Läst  NAME ") == "läst_name"


def test_merge_empty_lines_vanish_but_not_the_last_nor_where_there_is_text() -> None:
    address = p(merge_field("street")) + p(merge_field("box"), merge_field("extra")) + p("Tel. ", merge_field("phone"))
    letters = read_letters(
        merged(docx(address + p(merge_field("end"))), {"street": "Tie 1"}, {"extra": "x", "end": "y"})
    )
    assert [letter.paragraphs for letter in letters] == [["Tie 1", "Tel. ", ""], ["x", "Tel. ", "y"]]
    cell = docx(table(p(merge_field("a")), p("b")) + p())
    assert [letter.paragraphs for letter in read_letters(merged(cell, {}))] == [["", "b", ""]]
    kept = docx(address + p("z"), parts={"settings": "<w:mailMerge><w:doNotSuppressBlankLines/></w:mailMerge>"})
    assert [letter.paragraphs for letter in read_letters(merged(kept, {}))] == [["", "", "Tel. ", "z"]]


def test_merge_if_nested_both_ways_and_with_operators() -> None:
    inner = field("IF ", merge_field("a"), ' > 5 "big ', merge_field("a"), '" "small"')
    data = docx(p(field("IF ", merge_field("b"), ' = "Y*" "', inner, '!" "no"')))
    found = lines(data, {"a": 7, "b": "Yes"}, {"a": "5", "b": "Yy"}, {"a": "1 234,5", "b": "N"})
    assert found == [["big 7!"], ["small!"], ["no"]]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('"abc" = "abc"', True),
        ('"abc" = "ABC"', False),
        ('"abc" <> "abd"', True),
        ('"10" > "9"', True),
        ('"a10" > "a9"', False),
        ('"1,50" = "1.5"', True),
        ('"1" <= "1,0"', True),
        ('"" = ""', True),
        ('"x" = ""', False),
        ('"Helsinki" = "H?ls*"', True),
        ('"Helsinki" = "*s?nk*"', True),
        ('"Helsinki" <> "*x*"', True),
        ('"aba" = "ab*ba"', False),
        ("1 < 2", True),
        ("1>=2", False),
    ],
)
def test_merge_if_compares_as_word_does(condition: str, holds: bool) -> None:
    assert lines(docx(p(field(f'IF {condition} "yes" "no"'))), {}, language="fi") == [["yes" if holds else "no"]]


def test_merge_if_keeps_the_look_of_the_branch_taken() -> None:
    bold = "<w:rPr><w:b/></w:rPr>"
    branch = code('"plain ') + code("bold", bold) + code('" ""')
    result = merged(docx(p(field("IF 1 = 1 ", branch))), {})
    runs = [item for item in tree(result, "word/document.xml").iter(W + "r") if item.findtext(W + "t")]
    assert [(item.findtext(W + "t"), item.find(f"{W}rPr/{W}b") is not None) for item in runs] == [
        ("plain ", False),
        ("bold", True),
    ]


def test_merge_if_over_paragraphs_and_a_table_puts_in_all_of_the_branch(tmp_path: Path) -> None:
    start = '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    body = (
        start
        + code("IF ")
        + NAME
        + code(' = "Aino" "first')
        + "</w:p>"
        + p(code("second ") + NAME)
        + table(p(merge_field("name", "\\* Upper")), p("cell"))
        + p(code('third" "short"'), '<w:r><w:fldChar w:fldCharType="end"/></w:r>', run(" after"))
        + p("end")
    )
    data = docx(body)
    result = merged(data, *NAMES[:2])
    assert [letter.lines for letter in read_letters(result)] == [
        ["first", "second Aino", "AINO", "cell", "third after", "end"],
        ["short after", "end"],
    ]
    assert_valid(result, data, tmp_path)


def test_merge_field_left_to_word_gets_values_inside_it() -> None:
    data = docx(p("Write to ", field('HYPERLINK "mailto:', merge_field("mail"), '"')))
    document = tree(merged(data, {"mail": 'a"b@c.fi'}), "word/document.xml")
    codes = "".join(item.text or "" for item in document.iter(W + "instrText"))
    assert codes == 'HYPERLINK "mailto:a\'b@c.fi"'


def test_merge_next_with_an_odd_last_record_leaves_the_rest_empty() -> None:
    data = docx(p(NAME) + p(field("NEXT"), "[", NAME, "]"))
    assert lines(data, *NAMES) == [["Aino", "[Bertta]"], ["Cecilia", "[]"]]


def test_merge_nextif_skipif_and_numbers() -> None:
    numbers = (field("MERGEREC"), "/", field("MERGESEQ"), " ")
    skip = field("SKIPIF ", NAME, ' = "Bertta"')
    result, report = merged_with_report(docx(p(skip, *numbers, NAME)), *NAMES)
    assert [letter.lines for letter in read_letters(result)] == [["1/1 Aino"], ["3/2 Cecilia"]]
    assert (report.letters, report.records, report.skipped) == (2, 3, 1)
    following = docx(p(NAME, field("NEXTIF ", NAME, ' = "Aino"'), "+", NAME))
    assert lines(following, *NAMES) == [["Aino+Bertta"], ["Cecilia+Cecilia"]]


def test_merge_skipping_the_last_records_leaves_no_empty_page(tmp_path: Path) -> None:
    data = docx(p(field("SKIPIF ", NAME, ' <> "Aino"'), "Hello ", NAME))
    result = merged(data, *NAMES)
    assert len(list(tree(result, "word/document.xml").iter(W + "sectPr"))) == 1
    with pytest.raises(TemplateError, match="SKIPIF"):
        merged(data, {"name": "x"})


def test_merge_template_file_and_strict_file_become_plain_documents(tmp_path: Path) -> None:
    template = docx(p("Hello ", NAME), main_type="template.main+xml")
    assert lines(template, *NAMES) == [[f"Hello {n['name']}"] for n in NAMES]
    assert b"document.main+xml" in parts(merged(template, *NAMES))["[Content_Types].xml"]
    strict = parts(docx(p("Hello ", NAME)))
    for name in ("word/document.xml", "_rels/.rels", "word/_rels/document.xml.rels"):
        for old, new in (
            (
                b"http://schemas.openxmlformats.org/wordprocessingml/2006/",
                b"http://purl.oclc.org/ooxml/wordprocessingml/",
            ),
            (b"http://schemas.openxmlformats.org/officeDocument/2006/", b"http://purl.oclc.org/ooxml/officeDocument/"),
        ):
            strict[name] = strict[name].replace(old, new)
    data = zipped(strict)
    assert b"purl.oclc.org" in parts(data)["word/document.xml"]
    assert lines(data, *NAMES) == [[f"Hello {n['name']}"] for n in NAMES]


def test_merge_document_with_another_prefix_is_filled(tmp_path: Path) -> None:
    files = parts(docx(p("Hello ", NAME)))
    text = files["word/document.xml"].decode().replace("w:", "word:").replace("xmlns:word:", "xmlns:")
    text = text.replace("xmlns:w=", "xmlns:word=").replace('word:sp"', 'w:sp"')
    files["word/document.xml"] = text.encode()
    data = zipped(files)
    assert lines(data, {"name": "a\nb\tc"}) == [["Hello a\nb\tc"]]


def test_fields_are_listed_with_part_kind_and_support() -> None:
    data = docx(
        p(
            field("IF ", merge_field("a"), ' = 1 "', merge_field("b"), '" ""'),
            field("PAGE"),
            field("DATABASE \\d x"),
        ),
        section=section("header default rIdheader1"),
        parts={"header1": p(merge_field("c", "\\* Upper"))},
    )
    template = WordTemplate.read(data)
    assert [(f.name, f.kind, f.part, f.supported) for f in template.fields] == [
        ("", "IF", "body", True),
        ("a", "MERGEFIELD", "body", True),
        ("b", "MERGEFIELD", "body", True),
        ("", "PAGE", "body", True),
        ("", "DATABASE", "body", False),
        ("c", "MERGEFIELD", "header", True),
    ]
    assert template.fields[-1].switches == ("\\* Upper",)
    assert template.field_names == ("a", "b", "c")


def test_progress_is_told_and_can_end_the_merge(tmp_path: Path) -> None:
    template = WordTemplate.read(docx(p(NAME)))
    told: list[int] = []
    with (tmp_path / "out.docx").open("wb") as out:
        template.merge(({"name": str(number)} for number in range(120)), out, progress=told.append)
    assert told == [50, 100, 120]

    def stop(count: int) -> None:
        raise InterruptedError

    with (tmp_path / "stopped.docx").open("wb") as out, pytest.raises(InterruptedError):
        template.merge(({"name": str(number)} for number in range(120)), out, progress=stop)


@pytest.mark.parametrize("last", [
    field('IF "', merge_field("name"), '" = "Aino" "yes" "no"'), field("SKIPIF ", merge_field("name"), ' = "Nobody"'),
    merge_field("name") + field('IF "', merge_field("name"), '" = "x" "', merge_field("name"), '" ""'),
])  # fmt: skip
def test_merge_template_that_ends_with_a_condition_adds_no_paragraph(tmp_path: Path, last: str) -> None:
    template = docx(p("Hello ", NAME) + p("Yours ", last))
    result = merged(template, *NAMES)
    body = tree(result, "word/document.xml").find(f"{W}body")
    assert len(body.findall(f"{W}p")) == 2 * len(NAMES)
    assert_valid(result, template, tmp_path)
    assert [letter.lines[0] for letter in read_letters(result)] == ["Hello Aino", "Hello Bertta", "Hello Cecilia"]


def test_merge_template_whose_last_branch_ends_the_paragraph_keeps_its_letters_apart(tmp_path: Path) -> None:
    branch = f'{mark("begin")}{code(" IF 1 = 1 ")}{code(chr(34))}{run("one")}</w:p><w:p>{run("two")}{code(chr(34))}'
    ending = f'{code(" " + chr(34) * 2 + " ")}{mark("separate")}{run("x")}{mark("end")}'
    template = docx(p("Hello ", NAME) + p(branch + ending))
    result = merged(template, *NAMES)
    assert_valid(result, template, tmp_path)
    assert [letter.lines[0] for letter in read_letters(result)] == ["Hello Aino", "Hello Bertta", "Hello Cecilia"]
