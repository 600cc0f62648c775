"""Stored files: templates, results, attachments and documents alike, their content kept once by its hash."""

import mongoengine as me


class StoredFile(me.Document):
    """One file as people know it: a name, an owner and what it is for. Its content is a blob in GridFS.

    Several files with the same content share one blob, whose id is the content's SHA-256 in hexadecimal.
    """

    name = me.StringField(required=True, max_length=255)
    content_type = me.StringField(required=True)
    size = me.IntField(required=True)
    sha256 = me.StringField(required=True)
    owner = me.ObjectIdField()
    purpose = me.StringField(required=True, choices=[
        "template", "result", "attachment", "document", "import", "version",
    ])  # fmt: skip
    created_at = me.DateTimeField(required=True)

    meta = {
        "collection": "stored_file",
        "auto_create_index": False,
        "indexes": ["sha256", ["owner", "-created_at"]],
        "ordering": ["-created_at"],
    }

    def __str__(self) -> str:
        return str(self.name)
