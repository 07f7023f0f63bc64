"""Delimited text and JSON Lines as people have them: encodings, delimiters, headers and column names."""

import csv
import io
import mmap

import pytest

from lane_core.data import ReadOptions, read_table, write_corrected
from lane_core.data.formats import byte_slices, text_records
from lane_core.data.formats.csv_files import read_csv
from lane_core.data.formats.headers import unique_names
from lane_core.errors import DataError

SENTENCES = {
    "cp1252": "texte,catégorie\nça va très bien,joie\nl’été était agréable à la mer,joie\nje déteste ça,colère\n",
    "latin-1": "texto,rótulo\nNão gostei da comida, raiva\nMuito bom, coração feliz\nO café é ótimo,alegria\n".replace(
        ", ", ","
    ),
    "cp1250": "tekst,etykieta\nZażółć gęślą jaźń,radość\nObsługa była okropna,złość\n",
    "cp1251": "текст,метка\nЭто очень хороший фильм,радость\nМне совсем не понравилось,гнев\n",
    "koi8-r": "текст,метка\nЭто очень хороший фильм,радость\nМне совсем не понравилось,гнев\n",
    "cp1253": "κείμενο,ετικέτα\nΑυτή η ταινία ήταν πολύ καλή,χαρά\nΗ εξυπηρέτηση ήταν απαίσια,θυμός\n",
    "cp1254": "metin,etiket\nBu film gerçekten çok güzeldi,mutluluk\nHizmet çok kötüydü şikayet ettim,öfke\n",
    "cp1255": "טקסט,תווית\nהסרט הזה היה טוב מאוד,שמחה\nהשירות היה נורא,כעס\n",
    "cp1256": "نص,تسمية\nكان هذا الفيلم جيدا جدا,فرح\nكانت الخدمة سيئة للغاية,غضب\n",
    "cp874": "ข้อความ,ป้าย\nหนังเรื่องนี้ดีมาก,ดีใจ\nบริการแย่มาก,โกรธ\n",
    "shift_jis": "文章,感情\nこの映画はとても面白かったです。,喜び\nサービスがひどい、二度と行かない。,怒り\n",
    "euc_jp": "文章,感情\nこの映画はとても面白かったです。,喜び\nサービスがひどい、二度と行かない。,怒り\n",
    "gb18030": "文本,标签\n这部电影非常好看,高兴\n服务太差了，再也不会来了。,愤怒\n",
    "big5": "文本,標籤\n這部電影非常好看,高興\n服務太差了，再也不會來了。,憤怒\n",
    "cp949": "문장,감정\n이 영화는 정말 재미있었어요,기쁨\n서비스가 너무 나빠요,분노\n",
    "utf-16-le": "文本,标签\n这部电影非常好看,高兴\n服务太差了，再也不会来了。,愤怒\n",
    "utf-16-be": "text,label\nshort,joy\n",
}


@pytest.fixture
def write(tmp_path):
    def to_file(content, name="reviews.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


def rows_of(table):
    return [list(row) for row in table.frame.itertuples(index=False, name=None)]


def corrected(table, column, labels, tmp_path):
    write_corrected(table, column, labels, set(), tmp_path / "out")
    return (tmp_path / "out").read_bytes()


@pytest.mark.parametrize("codec", SENTENCES)
def test_the_encoding_is_found(write, tmp_path, codec):
    text = SENTENCES[codec]
    table = read_table(write(text.encode(codec)))
    header, *rows = csv.reader(io.StringIO(text))
    assert (table.columns, rows_of(table)) == (header, rows)
    assert "guessed from the bytes" in table.notes[0]
    assert corrected(table, header[1], {}, tmp_path) == text.encode(codec)
    other = rows[-1][1]
    changed = corrected(table, header[1], {1: other}, tmp_path).decode(codec)
    assert list(csv.reader(io.StringIO(changed))) == [header, [rows[0][0], other], *rows[1:]]


def test_the_encoding_of_json_lines_is_found(write, tmp_path):
    content = '{"texte": "ça va très bien", "émotion": "joie"}\n{"texte": "l’été", "émotion": "joie"}\n'
    table = read_table(write(content.encode("cp1252"), "a.jsonl"))
    assert table.values("texte") == ["ça va très bien", "l’été"]
    assert table.notes[0].startswith("cp1252 (guessed")
    assert corrected(table, "émotion", {2: "gêne"}, tmp_path).decode("cp1252") == content.replace(
        '"l’été", "émotion": "joie"', '"l’été", "émotion": "gêne"'
    )


def test_utf8_with_some_broken_bytes_stays_utf8(write):
    table = read_table(write("text,label\nça va,joie\nl’été à la mer".encode() + b" \xe9\xff,joie\n"))
    assert table.notes[0] == "UTF-8"
    assert table.unreadable_rows == (2,)
    assert table.values("text") == ["ça va", "l’été à la mer \udce9\udcff"]


def test_a_guess_that_does_not_hold_for_the_whole_file_is_dropped(write, tmp_path):
    # 81 is no character of cp1252; it stands after the sample that the guess is made on.
    content = b"text,label\n" + "déjà vu,joie\n".encode("cp1252") * 10_000 + b"\x81 ,joie\n"
    table = read_table(write(content))
    assert table.notes[0] == "UTF-8"
    assert len(table.unreadable_rows) == 10_001
    assert corrected(table, "label", {}, tmp_path) == content


def test_an_encoding_that_cannot_be_written_back_is_refused(write):
    with pytest.raises(DataError, match=r"reviews\.csv cannot be cut into rows in this encoding"):
        read_table(write(b"text,label\na+AAo-b,joy\n"), ReadOptions(encoding="utf-7"))


@pytest.mark.parametrize(
    ("delimiter", "word"), [("^", "carets"), ("~", "tildes"), ("#", "'#'"), ("\x01", "x01")]
)
def test_an_unusual_delimiter_that_all_records_agree_on_is_found(write, delimiter, word):
    rows = [["id", "text", "label"], ["1", "so, so; I mean", "joy"], ["2", "fine | ok", "fear"]]
    table = read_table(write("\n".join(map(delimiter.join, rows)) + "\n"))
    assert [table.columns, *rows_of(table)] == rows
    assert word in table.notes[1]


def test_an_unusual_delimiter_that_a_record_lacks_is_none(write):
    table = read_table(write("user#text\nhello\nyou # me\n"))
    assert rows_of(table) == [["hello"], ["you # me"]]
    assert table.notes[1] == "one column"


@pytest.mark.parametrize("delimiter", ["::", "||", "~~"])
def test_a_delimiter_of_two_characters_gives_a_clear_error(write, delimiter):
    content = "\n".join(
        map(delimiter.join, [["id", "text", "label"], ["1", "a, b", "joy"], ["2", "c", "fear"]])
    )
    with pytest.raises(DataError) as caught:
        read_table(write(content))
    assert f"separated by {delimiter!r}, but a delimiter is one character" in str(caught.value)


def test_a_first_line_that_names_the_delimiter_is_obeyed_and_kept(write, tmp_path):
    content = "sep=;\r\ntext;label\r\na, b;joy\r\nc, d;fear\r\n"
    table = read_table(write(content))
    assert (table.columns, rows_of(table)) == (["text", "label"], [["a, b", "joy"], ["c, d", "fear"]])
    assert corrected(table, "label", {2: "joy"}, tmp_path).decode() == content.replace("fear", "joy")


HEADERLESS = {
    "a word of names that repeats": "0,NO_QUERY,Awww that is a bummer\n0,NO_QUERY,is upset that he can not\n"
    "4,NO_QUERY,I dived many times\n4,NO_QUERY,my whole body feels itchy\n0,NO_QUERY,no\n",
    "label first": "pos,I liked it a lot\nneg,Not for me at all\npos,Great fun\nneg,Boring\nneg,Never again\npos,Yes\n",
    "counted ids": "1,I liked it a lot,joy\n2,Not for me at all,fear\n3,Great fun,anger\n4,Boring,surprise\n",
    "numeric classes": '"3","Stocks fall on oil fears","Reuters"\n"4","A new chip is out","AP"\n"3","Oil up","AFP"\n'
    '"3","Banks merge","Reuters"\n"4","Phones get thinner","AP"\n"4","A web for all","UPI"\n',
}
WITH_HEADER = {
    "known words": "text,label\na,joy\nb,joy\nlabel,joy\ntext,label\n",
    "known words in longer names": "Review Text,emotionLabel\na,x\nb,x\nc,x\nemotionLabel,emotionLabel\n",
    "short names over texts": "yazı,iyi\n"
    + "Bu film gerçekten çok güzeldi bence,iyi\n" * 4
    + "Hiç olmadı bana göre,kötü\n",
    "a word over numbers": "phrase,nr\n" + "a,1\nb,2\nphrase,3\nphrase,4\nphrase,5\n",
    "numbers of pandas": "0,1\n" + "I liked it,1\nNot for me,0\nFine,1\nBad,0\n",
    "blank name": ",phrase\n1,phrase\n2,phrase\n3,phrase\n4,phrase\n",
    "few rows": "x,y\na,y\nb,y\n",
    "nothing repeats": "gusto,sabor\nuno,dos\ntres,cuatro\ncinco,seis\nsiete,ocho\n",
    "header repeated": "frase,tono\nuno,bien\nfrase,tono\ndos,mal\nfrase,tono\ntres,bien\n",
}


@pytest.mark.parametrize("case", HEADERLESS)
def test_a_file_without_a_header_is_recognised(write, tmp_path, case):
    content = HEADERLESS[case]
    table = read_table(write(content))
    rows = list(csv.reader(io.StringIO(content)))
    assert rows_of(table) == rows
    assert table.columns == [f"column {place}" for place in range(1, len(rows[0]) + 1)]
    assert "no header: the first line is a row of data" in table.notes
    assert corrected(table, "column 1", {}, tmp_path).decode() == content
    changed = corrected(table, "column 1", {1: "new"}, tmp_path).decode()
    assert list(csv.reader(io.StringIO(changed))) == [["new", *rows[0][1:]], *rows[1:]]
    assert read_table(write(content), ReadOptions(has_header=True)).columns == list(unique_names(rows[0]))


@pytest.mark.parametrize("case", WITH_HEADER)
def test_in_doubt_the_first_record_is_a_header(write, case):
    content = WITH_HEADER[case]
    table = read_table(write(content))
    header, *rows = csv.reader(io.StringIO(content))
    assert rows_of(table) == rows
    assert table.columns == list(unique_names(header))
    without = read_table(write(content), ReadOptions(has_header=False))
    assert rows_of(without) == [header, *rows]


def test_one_record_without_a_header_is_one_row(write):
    table = read_table(write("\n\na,joy\n\n"), ReadOptions(has_header=False))
    assert rows_of(table) == [["a", "joy"]]
    with pytest.raises(DataError, match=r"Row 2 of reviews\.csv \(line 2\) has 1 cell, but row 1 has 2\."):
        read_table(write("a,joy\nb\n"), ReadOptions(has_header=False))


def test_repeated_and_blank_names_are_told_apart_and_kept_in_the_file(write, tmp_path):
    content = ',text, text ,text,label,,"two\nlines 😀"\r\n0,a,b,c,joy,x,y\r\n1,d,e,f,fear,z,w\r\n'
    table = read_table(write(content))
    assert table.columns == [
        "column 1", "text", " text ", "text (2)", "label", "column 6", "two\nlines 😀"
    ]  # fmt: skip
    assert rows_of(table)[1] == ["1", "d", "e", "f", "fear", "z", "w"]
    assert table.notes[2:] == (
        "columns without a name are called by their place",
        "columns of the same name are numbered",
    )
    assert corrected(table, "text (2)", {2: "changed"}, tmp_path).decode() == content.replace(
        "1,d,e,f", "1,d,e,changed"
    )


def test_a_blank_key_of_json_lines_gets_a_name_and_stays(write, tmp_path):
    content = '{"": "joy", "text": "a", "column 1": 1}\n{"text": "b", "": "fear"}\n'
    table = read_table(write(content, "a.jsonl"))
    assert table.columns == ["column 1 (2)", "text", "column 1"]
    changed = corrected(table, "column 1 (2)", {2: "joy"}, tmp_path).decode()
    assert changed == content.replace('"": "fear"', '"": "joy"')


def test_equal_labels_are_one_object_and_texts_are_as_they_stand(write):
    table = read_table(write("text,label\n" + "".join(f"text {i},label {i % 3}\n" for i in range(9000))))
    assert len({id(cell) for cell in table.values("label")}) == 3
    assert table.values("text")[8999] == "text 8999"
    lines = "".join(f'{{"text": "text {i}", "label": "label {i % 3}"}}\n' for i in range(9000))
    assert len({id(cell) for cell in read_table(write(lines, "a.jsonl")).values("label")}) == 3


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-32-be", "cp1252"])
def test_a_mapped_file_in_many_slices_is_read_like_one_in_memory(tmp_path, monkeypatch, codec):
    monkeypatch.setattr(byte_slices, "_SLICE_BYTES", 64)
    rows = [[str(i), f'é {"x" * (i % 90)} "q"\r\n, {i}', f"label {i % 4}"] for i in range(400)]
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["id", "text", "label"], *rows])
    content = stream.getvalue().encode(codec)
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    read = read_csv(data, "a.csv", ReadOptions(encoding=codec))
    assert [list(row) for row in read.frame.itertuples(index=False, name=None)] == rows
    read.source.write_corrected(tmp_path / "b.csv", "label", {200: "new"}, {3, 400})
    rows[199][2] = "new"
    kept = [cells for row, cells in enumerate(rows, start=1) if row not in (3, 400)]
    found = csv.reader(io.StringIO((tmp_path / "b.csv").read_bytes().decode(codec), newline=""))
    assert list(found)[1:] == kept
    read.source.write_corrected(path, "label", {}, set())  # over the file that is mapped
    assert path.read_bytes() == content


def test_an_endless_line_is_refused_before_it_is_read(write, monkeypatch):
    monkeypatch.setattr(text_records, "_MAX_LINE_BYTES", 1 << 20)
    with pytest.raises(
        DataError, match=r"Line 2 of reviews\.csv has 5 MB: this is not a file with one record a line"
    ):
        read_table(write("text,label\n" + "a," * (5 << 19)))


def test_a_line_number_is_right_far_into_a_file_of_many_slices(write, monkeypatch):
    monkeypatch.setattr(byte_slices, "_SLICE_BYTES", 64)
    rows = "".join(f'"a{i}\n b",joy\r\n' for i in range(5000))
    for bad, message in [
        ("c,joy,fear\n", r"Row 5001 of reviews\.csv \(line 10002\) has 3 cells, but the header has 2"),
        ("c\0,joy\n", r"Line 10002 of reviews\.csv holds a NUL byte"),
        ('"c,joy\n', r"opened in row 5001 of reviews\.csv is never closed"),
    ]:
        with pytest.raises(DataError, match=message):
            read_table(write("text,label\n" + rows + bad))
