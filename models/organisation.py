"""What the whole organisation has set: one document, made when something is set for the first time."""

import mongoengine as me

from models.fields.definitions import KeptByVersion

THE_ONE = "organisation"
#: Deleted records can be restored for so many days where nobody has said otherwise.
BIN_DAYS = 90
#: The country whose public holidays are observed, by the two letters of ISO 3166.
COUNTRY = "FI"
#: What sums are shown in, by the three letters of ISO 4217.
CURRENCY = "EUR"
#: Of the organisation's name.
LONGEST_NAME = 100


class Organisation(me.Document):
    """The organisation's settings."""

    id = me.StringField(primary_key=True, default=THE_ONE)
    #: What the organisation is called, in the frame of each page and in e-mails.
    name = me.StringField(max_length=LONGEST_NAME, default="")
    #: Whoever needs help with Kortisto writes there; "" where nobody has been named.
    support_email = me.StringField(max_length=320, default="")
    #: What is spoken to those who have not chosen a language: "en", "fi", or "" where the browser alone decides.
    language = me.StringField(max_length=2, default="")
    bin_days = me.IntField(min_value=1, default=BIN_DAYS)
    country = me.StringField(max_length=2, default=COUNTRY)
    currency = me.StringField(max_length=3, default=CURRENCY)
    #: Somebody has gone through the set-up, or wants to be reminded of it no more.
    set_up = me.BooleanField(default=False)
    #: Counted up with every setting that is changed.
    version = me.IntField(default=0)
    #: Links of older versions have become relationships.
    relationships_begun = me.BooleanField(default=False)
    #: Roles of older versions, whose letters and mailings were one right, have that of sending.
    sending_begun = me.BooleanField(default=False)
    #: Those that could invite because they could change activities have that of sending to them.
    inviting_begun = me.BooleanField(default=False)
    #: The registers whose past states have been made of the change entries of older versions.
    past_begun = me.ListField(me.StringField())

    meta = {"collection": "organisation", "auto_create_index": False}


def organisation() -> Organisation:
    """The settings as they are now."""
    return Organisation.objects(pk=THE_ONE).first() or Organisation()


#: The same for what each page asks: read once and again when something was set. Not to be changed.
known_organisation = KeptByVersion(organisation)
