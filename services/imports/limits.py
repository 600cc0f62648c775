"""How large an import may be: beyond these a clear message, never a machine that runs out of memory."""

MAX_BYTES = 100 << 20
#: Of a workbook after unpacking; a small file may unpack into gigabytes.
MAX_UNPACKED = 600 << 20
MAX_ROWS = 1_050_000
MAX_COLUMNS = 1_000
#: Of the rectangle that a sheet's outermost cells span, because the reader holds all of it.
MAX_CELLS = 20_000_000
MAX_CELL = 131_072
#: Characters of one row of CSV.
MAX_ROW = 2_000_000
#: Of the texts that the cells of a workbook share, unpacked: the reader holds all of them.
MAX_SHARED = 150 << 20
#: A list packs into a tenth to a fiftieth; a part that packs better, and is not small, is made to fill the memory.
MAX_RATIO, SMALL_PART = 200, 10 << 20
#: More different values than that are no classification.
MAX_NEW_CHOICES = 500
#: Rows that are written in one transaction.
STEP = 500
#: Odd values and failed rows that are kept for the report, of each; all are counted.
MAX_NOTES = 5_000
#: Faulty cells that a check keeps for mending; all are counted.
MAX_FAULTY = 20_000
#: Cells that are mended one by one; all that are equal count as one.
MAX_MENDED = 5_000
MAX_MENDED_TEXT = 2_000
