"""Letters that were made: the document once, and for each recipient where in it the recipient's letter stands."""

import mongoengine as me

#: Hint of what reads a timeline's letters.
BY_RECORD = "by_record"


class LetterBatch(me.Document):
    """Letters that one job made and keeps in the recipients' histories; its id is the job's.

    `register` is the recipients', `template` the template's name, `letters` and `pages` how many there are (0 where
    pages are not known). `form` and `pdf` say what `file` is (services/merge/results.py), `head` where the first letter
    of a Word document begins. `columns` holds `[register, column]` of each field that the letters print: who may not
    see one of them may not read the letters. `segment` is the one that was written to as it was.
    """

    file = me.ObjectIdField(required=True)
    register = me.StringField(required=True)
    template = me.StringField(required=True)
    at = me.DateTimeField(required=True)
    by = me.ObjectIdField()
    form = me.StringField(required=True)
    pdf = me.BooleanField(default=False)
    head = me.IntField(default=0)
    letters = me.IntField(default=0)
    pages = me.IntField(default=0)
    columns = me.ListField(me.ListField(me.StringField()))
    segment = me.ObjectIdField()

    meta = {"collection": "letter_batch", "auto_create_index": False}


class Letter(me.Document):
    """One recipient's letter. `number` counts the batch's letters from one; `entry` is the file of the zip that it
    stands in ("" without a zip). From `start` to `end` it stands there: bytes of a Word file's document part, or pages
    of a PDF from one (both inclusive); 0 where it is a file by itself, or nobody can say.

    `shared` tells that other recipients' values stand in the same letter. It is there for readers once its batch is.
    """

    batch = me.ObjectIdField(required=True)
    register = me.StringField(required=True)
    record = me.ObjectIdField(required=True)
    at = me.DateTimeField(required=True)
    number = me.IntField(required=True)
    entry = me.StringField(default="")
    start = me.IntField(default=0)
    end = me.IntField(default=0)
    shared = me.BooleanField(default=False)

    meta = {"collection": "letter", "auto_create_index": False,
            "indexes": [{"fields": ["record", "-at"], "name": BY_RECORD}, "batch"]}  # fmt: skip
