"""Zip files that share their first parts: those are compressed once, and each file adds only what is its own."""

import struct
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO

_LEVEL = 1
# APPNOTE.TXT 4.3.7, 4.3.12 and 4.3.16: local header, central directory's header, end of the central directory.
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _UTF8, _MADE_ON_UNIX, _MODE = 20, 0x800, 3 << 8, 0o600 << 16


class PackedParts:
    """Parts compressed once, to stand first in any number of zip files."""

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
        whole = buffer.getvalue()
        self.data = whole[: archive.start_dir]
        self.directory = whole[archive.start_dir : -_END.size]
        self.count = len(parts)


class PackedArchive:
    """One zip file that begins with packed parts; takes more parts as `zipfile.ZipFile` does."""

    def __init__(self, parts: PackedParts) -> None:
        self._count = parts.count
        self._pieces = [parts.data]
        self._directory = [parts.directory]
        self._length = len(parts.data)
        now = time.localtime()
        self._stamp = (now.tm_hour << 11 | now.tm_min << 5 | now.tm_sec // 2,
                       (now.tm_year - 1980) << 9 | now.tm_mon << 5 | now.tm_mday)  # fmt: skip

    def writestr(self, name: str, data: bytes) -> None:
        """Add a part."""
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(data) + packer.flush()
        written = name.encode()
        about = (_UTF8, zipfile.ZIP_DEFLATED, *self._stamp, zlib.crc32(data), len(packed), len(data), len(written), 0)
        header = _LOCAL.pack(b"PK\3\4", _VERSION, *about) + written
        entry = _CENTRAL.pack(b"PK\1\2", _MADE_ON_UNIX | _VERSION, _VERSION, *about, 0, 0, 0, _MODE, self._length)
        self._directory.append(entry + written)
        self._pieces += (header, packed)
        self._length += len(header) + len(packed)
        self._count += 1

    @contextmanager
    def open(self, name: str, mode: str) -> Iterator[BytesIO]:
        """A stream whose content becomes a part when it is closed; `mode` is "w"."""
        assert mode == "w"
        stream = BytesIO()
        yield stream
        self.writestr(name, stream.getvalue())

    def getvalue(self) -> bytes:
        """The whole file."""
        directory = b"".join(self._directory)
        end = _END.pack(b"PK\5\6", 0, 0, self._count, self._count, len(directory), self._length, 0)
        return b"".join((*self._pieces, directory, end))
