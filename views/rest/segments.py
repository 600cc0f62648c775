"""The segment register over REST, and who is in a segment."""

from typing import Any

from flask import Response, jsonify
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect

from fab_mongo.rison_argument import rison_argument
from models.rights import Access
from services.search import find_page
from services.segments import members_selection
from views.rest.base import rest_access
from views.rest.openapi import ID, Document, id_parameter, list_of, object_of, query_parameter
from views.rest.query import LIST_QUERY, list_query
from views.rest.registers import RegisterApi

#: A page, and whether the count is to be exact.
MEMBERS_QUERY = {**LIST_QUERY, "properties": {name: LIST_QUERY["properties"][name]  # type: ignore[index]
                                              for name in ("page", "page_size", "count")}}  # fmt: skip


class SegmentApi(RegisterApi):
    """Segments."""

    register = "segment"

    @expose("/<record:pk>/members", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(MEMBERS_QUERY)
    def members(self, pk: str, rison: dict[str, Any]) -> Response:
        """Answer with a page of the ids of the members that the caller sees, in name order."""
        access, query = rest_access(), list_query(rison, ())
        register, selection = members_selection(access, pk)
        page = find_page(access, register, selection.conditions, page=query.page, page_size=query.page_size,
                         exact=query.exact, thorough=True, columns=())  # fmt: skip
        return jsonify(register=register, ids=[str(raw["_id"]) for raw in page.rows], count=page.count,
                       count_is_exact=page.exact)  # fmt: skip

    def describe(self, document: Document, access: Access) -> None:
        super().describe(document, access)
        if access.may(self.register, "see"):
            answer = {"register": {"type": "string"}, "ids": list_of(ID), "count": {"type": "integer"},
                      "count_is_exact": {"type": "boolean"}}  # fmt: skip
            document.operation(
                "get", f"/api/v1/{self.register}/{{pk}}/members", name="list_segment_members",
                summary="A page of the ids of a segment's members", tag=str(self.card.label),
                parameters=[id_parameter(), query_parameter(MEMBERS_QUERY)], problems=(404,),
                answer=object_of(answer, required=tuple(answer)),
            )  # fmt: skip
