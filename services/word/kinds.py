"""Kinds of fields that are not the merge's own, by their first word."""

# Fields that Word works out by itself when it opens or prints the letters.
LEFT_TO_WORD = frozenset(
    (
        "",
        *("PAGE", "NUMPAGES", "SECTION", "SECTIONPAGES", "DATE", "TIME", "CREATEDATE", "SAVEDATE", "PRINTDATE"),
        *("EDITTIME", "AUTHOR", "TITLE", "SUBJECT", "KEYWORDS", "COMMENTS", "FILENAME", "FILESIZE", "TEMPLATE"),
        *("LASTSAVEDBY", "USERNAME", "USERINITIALS", "USERADDRESS", "DOCPROPERTY", "DOCVARIABLE", "INFO"),
        *("NUMCHARS", "NUMWORDS", "REVNUM", "TOC", "TC", "RD", "INDEX", "XE", "TA", "TOA", "SEQ", "LISTNUM"),
        *("AUTONUM", "AUTONUMLGL", "AUTONUMOUT", "AUTOTEXT", "AUTOTEXTLIST", "REF", "PAGEREF", "NOTEREF", "STYLEREF"),
        *("HYPERLINK", "SYMBOL", "EQ", "QUOTE", "FORMTEXT", "FORMCHECKBOX", "FORMDROPDOWN", "MACROBUTTON"),
        *("GOTOBUTTON", "BIBLIOGRAPHY", "CITATION", "EMBED", "SHAPE", "ADVANCE", "PRIVATE", "INCLUDEPICTURE", "="),
    )
)
# With a merge field inside, these would show what they showed in the template until somebody updates them.
STALE = frozenset({"=", "INCLUDEPICTURE"})
