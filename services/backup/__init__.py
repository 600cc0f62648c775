"""Everything at once: the database with all files as one archive, and an installation out of such an archive.

    made = write_archive(stream, BSON, "0.1.0")           # while the program is in use, as it is at one moment
    archive = Archive(stream); archive.check("0.1.0")     # raises BadArchive before anything is written
    fill(archive)                                         # in the place of everything that is there

One format serves backups and exports of the whole organisation: a zip of a file for each collection and one for each
content, and a manifest with their hashes. In a backup collections are BSON, which is quick and exact; in an export they
are lines of JSON, which people and other programs read. Both are filled in again in the same way.
"""

from services.backup.archive import BSON, JSON, BadArchive, Entry, Manifest
from services.backup.filling import Filled, fill, is_empty
from services.backup.making import Made, write_archive
from services.backup.reading import Archive
from services.backup.settling import settle

__all__ = [
    "BSON", "JSON", "Archive", "BadArchive", "Entry", "Filled", "Made", "Manifest", "fill", "is_empty", "settle",
    "write_archive",
]  # fmt: skip
