"""The XML of one sheet, with some cells and rows replaced where they stand: nothing else in a workbook changes.

openpyxl would write the whole workbook anew, without the charts, shapes and controls that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from lane_core.data.formats.excel_xml import SheetRow, cell_xml, rows_of
from lane_core.data.formats.zip_archives import ZipArchive
from lane_core.errors import DataError

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_REFERS_TO_ROWS = re.compile(
    rb"<(?:\w+:)?(?:mergeCells|conditionalFormatting|dataValidations|hyperlinks|autoFilter|legacyDrawing|tableParts"
    rb"|extLst|oleObjects|controls|rowBreaks|protectedRanges|scenarios|sortState|dataConsolidate)[\s>/]"
    rb"|<!\[CDATA\["
)
_DEFINED_NAME = re.compile(rb"<(?:\w+:)?definedName[\s>/]")
_DIMENSION = re.compile(rb'(<(?:\w+:)?dimension\s+ref="[A-Z]+[0-9]+:[A-Z]+)([0-9]+)"')
_ROW_NUMBER = re.compile(rb'(\sr=["\'])[0-9]+')
_CELL_NUMBER = re.compile(rb'(\sr=["\'][A-Za-z]+)[0-9]+')
_CALC_CHAIN = "xl/calcChain.xml"
_CALC_CHAIN_ENTRIES = {
    "[Content_Types].xml": re.compile(rb'<(?:\w+:)?Override\s[^>]*PartName="/xl/calcChain.xml"[^>]*/>'),
    "xl/_rels/workbook.xml.rels": re.compile(
        rb'<(?:\w+:)?Relationship\s[^>]*Target="(?:/xl/)?calcChain.xml"[^>]*/>'
    ),
}


@dataclass(frozen=True)
class Parts:
    """Which members of a workbook are other ones, and which are gone."""

    replaced: Mapping[str, bytes]
    dropped: frozenset[str] = frozenset()


class Sheet:
    """One sheet of a workbook."""

    def __init__(self, archive: ZipArchive, member: str) -> None:
        self._archive = archive
        self._member = member
        self._xml = bytes(archive.read(member))

    def corrected(self, column: int, cells: Mapping[int, object], gone: Set[int]) -> Parts:
        """Return what changes in the workbook with new values in one column and without some rows.

        The rows below a row that goes move up, as they do in a spreadsheet program, if nothing else in the workbook
        refers to them. Otherwise the row is emptied and hidden where it stands, so that formulas, charts, filters and
        notes keep the cells that they were made for.

        Args:
            column: Column of the sheet, from 1.
            cells: New value by row of the sheet.
            gone: Rows of the sheet to leave out.

        Raises:
            DataError: If a new value would take the place of a formula, or a row holds one that others share.
        """
        moves_up = bool(gone) and not self._is_referred_to()
        pieces, position, num_gone, lost_formulas = [], 0, 0, False
        for row in rows_of(self._xml, self._archive.name):
            changed = self._xml[row.start : row.end]
            if row.number in gone:
                lost_formulas |= self._check_formulas(row)
                num_gone += 1
                changed = b"" if moves_up else b'<%srow r="%d" hidden="1"/>' % (row.prefix, row.number)
            else:
                if row.number in cells:
                    changed = self._with_cell(row, column, cells[row.number])
                if moves_up and num_gone:
                    changed = _moved(changed, row, row.number - num_gone)
            if changed is not None:
                pieces += [self._xml[position : row.start], changed]
                position = row.end
        pieces.append(self._xml[position:])
        xml = b"".join(pieces)
        if moves_up:
            xml = _DIMENSION.sub(
                lambda found: b'%s%d"' % (found[1], max(1, int(found[2]) - num_gone)), xml, count=1
            )
        return Parts({self._member: xml}) if not lost_formulas else self._without_calc_chain(xml)

    def _is_referred_to(self) -> bool:
        if _REFERS_TO_ROWS.search(self._xml):
            return True
        for member in self._archive.members:
            if member.startswith(("xl/charts/", "xl/pivotCache/", "xl/tables/")):
                return True
            is_sheet = member.startswith("xl/worksheets/") and member.endswith(".xml")
            if is_sheet and _FORMULA.search(bytes(self._archive.read(member))):
                return True
        return _DEFINED_NAME.search(bytes(self._archive.read("xl/workbook.xml"))) is not None

    def _check_formulas(self, row: SheetRow) -> bool:
        """Return whether a row holds formulas; DataError if other rows share one of them."""
        for cell in row.cells:
            if cell.shares_formula:
                raise DataError(
                    f"Row {row.number} of the sheet cannot be left out of {self._archive.name}: other cells use its "
                    f"formula. Write another format, or replace the formulas by their values and import it again."
                )
        return any(cell.has_formula for cell in row.cells)

    def _with_cell(self, row: SheetRow, column: int, value: object) -> bytes:
        old = next((cell for cell in row.cells if cell.column == column), None)
        if old is not None and old.has_formula:
            raise DataError(
                f"The label in row {row.number} of the sheet in {self._archive.name} is computed by a formula and "
                "cannot be replaced. Copy the column, paste it as values, and import the file again."
            )
        new = cell_xml(row, column, old.style if old else None, value)
        if old is not None:
            return self._xml[row.start : old.start] + new + self._xml[old.end : row.end]
        following = next((cell.start for cell in row.cells if cell.column > column), row.content_end)
        if row.content_end == row.start:  # <row/>
            tag = self._xml[row.start : row.end].rstrip(b"/> \t\r\n")
            return b"%s>%s</%srow>" % (tag, new, row.prefix)
        return self._xml[row.start : following] + new + self._xml[following : row.end]

    def _without_calc_chain(self, xml: bytes) -> Parts:
        """The order in which formulas are computed names cells that are gone; programs make it anew."""
        replaced = {self._member: xml}
        for member, entry in _CALC_CHAIN_ENTRIES.items():
            replaced[member] = entry.sub(b"", bytes(self._archive.read(member)))
        return Parts(replaced, frozenset({_CALC_CHAIN}))


def _moved(row_xml: bytes, row: SheetRow, number: int) -> bytes:
    """Return a row with another number; cells that do not state their place need none."""
    tag_end = row_xml.index(b">") + 1
    tag = _ROW_NUMBER.sub(rb"\g<1>%d" % number, row_xml[:tag_end], count=1)
    cell_tag = re.compile(rb"<" + row.prefix + rb"c\s[^>]*>")
    cells = cell_tag.sub(
        lambda found: _CELL_NUMBER.sub(rb"\g<1>%d" % number, found[0], count=1), row_xml[tag_end:]
    )
    return tag + cells
