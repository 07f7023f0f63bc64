"""Excel workbooks: cells as openpyxl sees them, and everything else in the file byte for byte."""

from __future__ import annotations

import datetime
import io
import re
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment

from lane_core.data import ReadOptions, read_table, write_corrected
from lane_core.data.formats import excel_files
from lane_core.errors import DataError

DAY = datetime.datetime(2020, 1, 2)
ROWS = [
    ["id", "text", "label", "score", "day"],
    ["007", "good", "joy", 1.5, DAY],
    ["008", '<b> & "x"\n', "fear", 2, None],
    ["009", None, "joy", None, DAY],
    ["010", "ç😀", "fear", True, DAY],
]


def book_bytes(rows=ROWS, name="Sheet1", change=None):
    book = openpyxl.Workbook()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_part(data, member, edit):
    """Return the workbook with one part of it edited, or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as archive,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for info in archive.infolist():
            content = archive.read(info)
            edited = edit(content) if info.filename == member else content
            out.writestr(info, edited, compresslevel=1)
        if member not in archive.namelist():
            out.writestr(member, edit(b""))
    return stream.getvalue()


def parts(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def cells(data, sheet=None, **options):
    book = openpyxl.load_workbook(io.BytesIO(data), **options)
    return [list(row) for row in (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)]


@pytest.fixture
def write(tmp_path):
    def to_file(content, name="a.xlsx"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return to_file


def corrected(path, labels=None, excluded=frozenset(), **options):
    target = path.with_name(f"out{path.suffix}")
    write_corrected(read_table(path, ReadOptions(**options)), "label", labels or {}, set(excluded), target)
    return target.read_bytes()


SHEET = "xl/worksheets/sheet1.xml"


def test_cells_are_what_they_are(write):
    table = read_table(write(book_bytes()))
    assert table.file_format == "excel"
    assert table.columns == ROWS[0]
    assert table.notes == ("sheet 'Sheet1'",)
    assert table.parts == ()
    for place, name in enumerate(table.columns):
        assert table.values(name) == [row[place] for row in ROWS[1:]]
    assert [type(value) for value in table.values("score")] == [float, int, type(None), bool]


def test_only_the_label_cells_change(write):
    before = book_bytes()
    path = write(before)
    assert corrected(path) == before
    after = corrected(path, {1: "fear", 4: "<new> & ümläut"})
    expected = [list(row) for row in ROWS]
    expected[1][2], expected[4][2] = "fear", "<new> & ümläut"
    assert cells(after) == expected
    old, new = parts(before), parts(after)
    assert list(old) == list(new)
    assert {name for name in old if old[name] != new[name]} == {SHEET}


def test_rows_that_are_left_out_are_deleted(write):
    after = corrected(write(book_bytes()), {4: "joy"}, {1, 3})
    assert cells(after) == [ROWS[0], ROWS[2], [*ROWS[4][:2], "joy", *ROWS[4][3:]]]
    assert b'<dimension ref="A1:E3"' in parts(after)[SHEET]
    assert read_table(write(after, "again.xlsx")).values("id") == ["008", "010"]


def test_the_sheet_can_be_chosen(write):
    def add(book):
        book.create_sheet("Empty", 0)
        book.create_sheet("Hidden", 0).append(["x"])
        book["Hidden"].sheet_state = "hidden"
        more = book.create_sheet("More")
        for row in (["text", "label"], ["a", "x"], ["b", "y"]):
            more.append(row)

    path = write(book_bytes(change=add))
    assert read_table(path).parts == ("Sheet1", "Hidden", "Empty", "More")
    table = read_table(path, ReadOptions(part="More"))
    assert table.notes[0] == "sheet 'More', 1 of 4"
    assert table.values("label") == ["x", "y"]
    after = corrected(path, {1: "y"}, part="More")
    assert cells(after, "More") == [["text", "label"], ["a", "y"], ["b", "y"]]
    assert cells(after, "Sheet1") == ROWS
    with pytest.raises(DataError, match=r"has no sheet 'Other'\. It has: Hidden, Empty, Sheet1, More"):
        read_table(path, ReadOptions(part="Other"))
    with pytest.raises(DataError, match=r"Sheet 'Empty' of a\.xlsx is empty"):
        read_table(path, ReadOptions(part="Empty"))


def test_a_table_that_begins_further_down_and_right(write):
    book = openpyxl.Workbook()
    for place, value in {"C3": "text", "E3": "label", "C4": "a", "E4": "x", "C7": "b", "E7": "y"}.items():
        book.active[place] = value
    stream = io.BytesIO()
    book.save(stream)
    path = write(stream.getvalue())
    table = read_table(path)
    assert table.columns == ["text", "label"]
    assert table.values("text") == ["a", "b"]
    sheet = openpyxl.load_workbook(io.BytesIO(corrected(path, {2: "x"}, {1}))).active
    assert [(cell.coordinate, cell.value) for row in sheet.iter_rows() for cell in row if cell.value] == [
        ("C3", "text"), ("E3", "label"), ("C6", "b"), ("E6", "x")
    ]  # fmt: skip


def test_a_label_where_no_cell_was(write):
    rows = [["text", "label", "more"], ["a", None, "m"], ["b", None, None], ["c", "x", None]]
    path = write(book_bytes(rows))
    assert cells(corrected(path, {1: "y", 2: "x"})) == [rows[0], ["a", "y", "m"], ["b", "x", None], rows[3]]


def test_a_sheet_without_header_and_names_that_repeat(write):
    rows = [["a", "x"], ["b", "y"]]
    table = read_table(write(book_bytes(rows)), ReadOptions(has_header=False))
    assert table.columns == ["column 1", "column 2"]
    assert table.values("column 2") == ["x", "y"]
    table = read_table(
        write(book_bytes([["text", "label", "label", None, 5], *[["a", "x", "y", "z", 1]] * 2]))
    )
    assert table.columns == ["text", "label", "label (2)", "column 4", "5"]


def test_numbers_as_labels_stay_numbers(write):
    rows = [["text", "label"], ["a", 0], ["b", 1], ["c", 2.5], ["d", True]]
    after = cells(corrected(write(book_bytes(rows)), {1: "1", 2: "2.5", 3: "true", 4: "7"}))
    assert after[1:] == [["a", 1], ["b", 2.5], ["c", True], ["d", "7"]]


def with_formulas(book):
    sheet = book.active
    sheet["F1"] = "length"
    for row in range(2, 6):
        sheet[f"F{row}"] = f"=LEN(B{row})"
    book.create_sheet("Counts")["A1"] = '=COUNTIF(Sheet1!C2:C5,"joy")'


def test_formulas_are_shown_by_what_they_gave_and_stay(write):
    data = with_part(
        book_bytes(change=with_formulas),
        SHEET,
        lambda xml: re.sub(rb"(<f>LEN\(B2\)</f>)<v\s*/>|(<f>LEN\(B2\)</f>)<v></v>", rb"\1\2<v>4</v>", xml),
    )
    path = write(data)
    assert read_table(path).values("length") == [4, None, None, None]
    after = corrected(path, {1: "fear"}, {2})
    sheet = cells(after, "Sheet1")
    assert [row[5] for row in sheet] == ["length", "=LEN(B2)", None, "=LEN(B4)", "=LEN(B5)"]
    assert sheet[1][2] == "fear"
    assert sheet[2] == [None] * 6, "emptied where it stands, so that formulas keep their cells"
    assert openpyxl.load_workbook(io.BytesIO(after))["Sheet1"].row_dimensions[3].hidden
    assert cells(after, "Counts") == [['=COUNTIF(Sheet1!C2:C5,"joy")']]
    assert read_table(write(after, "again.xlsx")).values("id") == ["007", "009", "010"]


def test_the_order_of_computing_goes_with_a_formula(write):
    chain = "xl/calcChain.xml"
    data = with_part(
        book_bytes(change=with_formulas), chain, lambda _: b'<calcChain><c r="F3" i="1"/></calcChain>'
    )
    data = with_part(
        data, "[Content_Types].xml",
        lambda xml: xml.replace(b"</Types>", b'<Override PartName="/xl/calcChain.xml" ContentType="x"/></Types>'),
    )  # fmt: skip
    data = with_part(
        data, "xl/_rels/workbook.xml.rels",
        lambda xml: xml.replace(
            b"</Relationships>", b'<Relationship Id="rId99" Type="x" Target="calcChain.xml"/></Relationships>'
        ),
    )  # fmt: skip
    path = write(data)
    assert chain in parts(corrected(path, {1: "fear"}))
    after = parts(corrected(path, {}, {2}))
    assert chain not in after
    assert b"calcChain" not in after["[Content_Types].xml"] + after["xl/_rels/workbook.xml.rels"]


def test_a_label_that_a_formula_gives_is_not_replaced(write):
    def change(book):
        book.active["C2"] = '=IF(D2>1,"joy","fear")'

    path = write(book_bytes(change=change))
    with pytest.raises(DataError, match=r"row 2 of the sheet in a\.xlsx is computed by a formula"):
        corrected(path, {1: "fear"})
    assert not path.with_name("out.xlsx").exists()


def test_a_row_whose_formula_others_share_stays(write):
    data = with_part(
        book_bytes(change=with_formulas),
        SHEET,
        lambda xml: xml.replace(b"<f>LEN(B2)</f>", b'<f t="shared" ref="F2:F5" si="0">LEN(B2)</f>'),
    )
    with pytest.raises(
        DataError, match=r"Row 2 of the sheet cannot be left out of a\.xlsx: other cells use its formula"
    ):
        corrected(write(data), {}, {1})


def test_charts_notes_filters_and_merged_cells_keep_their_place(write):
    def change(book):
        sheet = book.active
        chart = BarChart()
        chart.add_data(Reference(sheet, min_col=4, min_row=2, max_row=5))
        sheet.add_chart(chart, "H2")
        sheet["B5"].comment = Comment("look", "me")
        sheet.auto_filter.ref = "A1:E5"
        sheet.merge_cells("A7:B7")

    before = book_bytes(change=change)
    path = write(before)
    after = corrected(path, {4: "joy"}, {1})
    old, new = parts(before), parts(after)
    assert {name for name in old if old[name] != new[name]} == {SHEET}
    sheet = openpyxl.load_workbook(io.BytesIO(after)).active
    assert sheet["B5"].comment.text == "look"
    assert sheet["C5"].value == "joy"
    assert sheet["A2"].value is None
    assert sheet.auto_filter.ref == "A1:E5"
    assert [str(place) for place in sheet.merged_cells.ranges] == ["A7:B7"]


def test_macros_stay_byte_for_byte(write):
    macros = bytes(range(256)) * 20
    before = with_part(book_bytes(), "xl/vbaProject.bin", lambda _: macros)
    before = with_part(
        before, "[Content_Types].xml",
        lambda xml: xml.replace(
            b"spreadsheetml.sheet.main+xml", b"sheet.macroEnabled.main+xml"
        ).replace(b"vnd.openxmlformats-officedocument.sheet.macro", b"vnd.ms-excel.sheet.macro"),
    )  # fmt: skip
    after = corrected(write(before, "a.xlsm"), {1: "fear"}, {2})
    old, new = parts(before), parts(after)
    assert new["xl/vbaProject.bin"] == macros
    assert {name for name in old if old[name] != new[name]} == {SHEET}
    assert cells(after, keep_vba=True)[1][2] == "fear"


def test_styles_stay(write):
    def change(book):
        book.active["C2"].font = openpyxl.styles.Font(bold=True)

    after = openpyxl.load_workbook(io.BytesIO(corrected(write(book_bytes(change=change)), {1: "fear"}, {2})))
    assert after.active["C2"].font.bold
    assert after.active["E3"].is_date


def test_a_sheet_with_names_of_its_own_and_cells_without_places(write):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = '<x:c t="inlineStr"><x:is><x:t>{}</x:t></x:is></x:c>'.format
    xml = (
        f'<?xml version="1.0"?><x:worksheet xmlns:x="{main}"><x:sheetData>'
        f"<x:row>{text('text')}{text('label')}</x:row><x:row>{text('a')}{text('x')}</x:row><x:row>{text('b')}</x:row>"
        "</x:sheetData></x:worksheet>"
    ).encode()
    path = write(with_part(book_bytes(), SHEET, lambda _: xml))
    assert read_table(path).values("label") == ["x", None]
    assert cells(corrected(path, {1: "y", 2: "x"})) == [["text", "label"], ["a", "y"], ["b", "x"]]
    assert cells(corrected(path, {2: "x"}, {1})) == [["text", "label"], ["b", "x"]]


def test_a_label_that_a_workbook_cannot_hold_is_refused(write):
    path = write(book_bytes())
    for label in ("a\x01", "\ud800", "\uffff"):
        with pytest.raises(DataError, match="a character that Excel cannot hold"):
            corrected(path, {1: label})


def bad_files():
    data = book_bytes()
    far = b'<row r="9999999999"><c r="A9999999999"><v>1</v></c></row>'
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'">' + b"".join(
        b'<!ENTITY %c "%s">' % (letter + 1, b"&%c;" % letter * 20) for letter in range(97, 107)
    ) + b"]>"  # fmt: skip

    def add_rows(rows):
        return with_part(data, SHEET, lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))

    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    return {
        "old": (ole, ["an old Excel workbook (.xls)", "Save it as .xlsx"]),
        "password": (ole + "EncryptedPackage".encode("utf-16-le"), ["protected by a password"]),
        "cut off": (data[:-40], ["a.xlsx is a damaged zip file"]),
        "no parts": (zip_of({"xl/workbook.xml": b"<workbook/>"}), ["cannot be read as an Excel workbook"]),
        "no XML": (with_part(data, SHEET, lambda xml: xml[:300]), ["cannot be read as an Excel workbook"]),
        "empty": (book_bytes([]), ["Sheet 'Sheet1' of a.xlsx is empty"]),
        "header only": (book_bytes(ROWS[:1]), ["has a header (id, text, label, score, day) but no rows"]),
        "row out of the sheet": (add_rows(far), ["goes beyond 1,048,576 rows"]),
        "endless row": (
            with_part(data, SHEET, lambda xml: xml.replace(b"</row>", b"<c/>" * (12 << 20) + b"</row>", 1)),
            ["'xl/worksheets/sheet1.xml' in a.xlsx is too large for a table in a workbook", "as CSV"],
        ),
        "endless styles": (
            with_part(data, "xl/styles.xml", lambda xml: xml + b"<!---->" * (10 << 20)),
            ["'xl/styles.xml' in a.xlsx is too large"],
        ),
        "entity bomb": (
            with_part(data, SHEET, lambda xml: re.sub(rb"<worksheet", bomb + b"<worksheet", xml, count=1).replace(
                b"</sheetData>", b'<row r="9"><c r="A9" t="inlineStr"><is><t>&k;</t></is></c></row></sheetData>')),
            ["cannot be read as an Excel workbook"],
        ),
        "path": (with_part(data, "../x.xml", lambda _: b"x"), ["leads out of its folder"]),
    }  # fmt: skip


def zip_of(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


BAD = bad_files()


@pytest.mark.parametrize("case", BAD)
def test_a_bad_workbook_gives_one_clear_error(write, case):
    content, expected = BAD[case]
    with pytest.raises(DataError) as caught:
        read_table(write(content))
    for part in expected:
        assert part in str(caught.value)


def test_a_sheet_that_states_a_wrong_size_is_read_whole(write):
    for size in (b"A1", b"A1:XFD1048576", b"A1:B2"):
        data = with_part(
            book_bytes(),
            SHEET,
            lambda xml, size=size: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="%s"' % size, xml),
        )
        assert read_table(write(data)).values("label") == ["joy", "fear", "joy", "fear"]


def test_a_workbook_that_unpacks_to_too_much_is_refused(write, monkeypatch):
    monkeypatch.setattr(excel_files, "_MOST_UNPACKED", 1000)
    with pytest.raises(DataError, match=r"a\.xlsx unpacks to more than .* GiB"):
        read_table(write(book_bytes()))


def test_cells_far_out_are_bounded(write, monkeypatch):
    def add(book):
        for row in range(6, 20):
            book.active.cell(row, 16384, "x")

    path = write(book_bytes(change=add))
    assert len(read_table(path).columns) == 6
    monkeypatch.setattr(excel_files, "_MOST_PLACES", 200_000)
    with pytest.raises(DataError, match="goes beyond"):
        read_table(path)


def test_the_cells_of_a_sheet_are_bounded(write, monkeypatch):
    monkeypatch.setattr(excel_files, "_MOST_CELLS", 10)
    with pytest.raises(DataError, match=r"or 10 cells, the most that is read\. Save the table as CSV"):
        read_table(write(book_bytes()))


VALUES = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=6)
    | st.integers(-(10**9), 10**9)
    | st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
    | st.booleans()
    | st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(2050, 1, 1)).map(
        lambda value: value.replace(microsecond=0)
    )
    | st.none()
)  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6), st.booleans(), st.data())
def test_round_trip(tmp_path, values, has_formula, data):
    rows = [["text", "label", "more"], *[[a, "joy", b] for a, b in values]]
    # A text that begins like a formula is text: openpyxl would take it for a formula.
    rows = [[f" {cell}" if str(cell).startswith("=") else cell for cell in row] for row in rows]

    def change(book):
        if has_formula:
            book.active["E1"] = "=1+1"

    path = tmp_path / "a.xlsx"
    path.write_bytes(book_bytes(rows, change=change))
    before = cells(path.read_bytes())
    assert corrected(path) == path.read_bytes()
    numbers = st.integers(1, len(values))
    labels = data.draw(st.dictionaries(numbers, st.sampled_from(["fear", ' é😀<&>" ', "joy"])))
    excluded = data.draw(st.sets(numbers))
    for number, label in labels.items():
        before[number][1] = label
    expected = [row for number, row in enumerate(before) if number not in excluded]
    after = [row for row in cells(corrected(path, labels, excluded)) if any(cell is not None for cell in row)]
    assert after == expected
