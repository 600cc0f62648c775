"""Word templates for mail merge."""

import mongoengine as me


class MergeTemplate(me.Document):
    """A Word template for one register, shared by all who may make letters there.

    `tables` are the names, as they are compared, of the tables of which it repeats rows. `field_map` holds
    `{"name", "column"}`: which column fills a merge field that no name finds. It is a list, for a merge field's
    name may hold signs that the key of a document may not.
    """

    name = me.StringField(required=True, max_length=200)
    register = me.StringField(required=True)
    file = me.ObjectIdField(required=True)
    field_names = me.ListField(me.StringField())
    tables = me.ListField(me.StringField())
    field_map = me.ListField(me.DictField())
    owner = me.ObjectIdField()
    created_at = me.DateTimeField(required=True)
    version = me.IntField(default=1)

    meta = {"collection": "merge_template", "auto_create_index": False, "indexes": ["register"], "ordering": ["name"]}

    def __str__(self) -> str:
        return str(self.name)
