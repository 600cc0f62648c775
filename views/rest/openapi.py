"""The OpenAPI document, put together piece by piece: https://spec.openapis.org/oas/v3.1.0."""

from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]
JSON = "application/json"
FILE, BINARY = "application/octet-stream", {"type": "string", "format": "binary"}
PROBLEM_JSON = "application/problem+json"
#: What each error status means, in the words of RFC 9110.
REASONS = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long",
    415: "Unsupported Media Type", 416: "Range Not Satisfiable", 422: "Unprocessable Content", 429: "Too Many Requests",
}  # fmt: skip
ALWAYS = (400, 401, 403)
BODY_PROBLEMS = (413, 415, 422)
PROBLEM: Schema = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "object", "description": "Messages by property; in a bulk create by index and property."},
        "keepable": {"type": "array", "items": {"type": "string"}},
        "current": {"type": "object", "description": "The record as it is now, where somebody else has changed it."},
        "clashes": {"type": "array", "items": {"type": "string"}, "description": "Properties that both have changed."},
    },
    "required": ["type", "title", "status"],
}
ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{24}$"}


class Document:
    """An OpenAPI document in the making."""

    def __init__(self, title: str, description: str, shared: Mapping[str, Schema]) -> None:
        """`shared` are large schemas by name: wherever one of these very objects stands, the document refers to it."""
        self.info = {"title": title, "version": "v1", "description": description}
        self.paths: dict[str, dict[str, Any]] = {}
        self.schemas: dict[str, Schema] = {"Problem": PROBLEM}
        self.shared = shared

    def schema(self, name: str, schema: Schema) -> Schema:
        """Keep a schema by name; returns the reference to it."""
        self.schemas[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def operation(
        self, method: str, path: str, *, tag: str, name: str, summary: str, answer: Schema, status: int = 200,
        body: Schema | None = None, takes_file: bool = False, parameters: Iterable[Schema] = (),
        problems: Iterable[int] = (),
    ) -> None:  # fmt: skip
        """Describe one call. `name` is its operationId, `answer` the schema of what it gives; `body` that of the JSON
        it takes; with `takes_file` it takes a file as it is instead."""
        parameters = list(parameters)
        asks = any(parameter["in"] == "query" for parameter in parameters)
        codes = sorted({*ALWAYS, *problems, *(BODY_PROBLEMS if body or takes_file else ()), *((414,) if asks else ())})
        given: Schema = {
            "tags": [tag], "operationId": name, "summary": summary, "parameters": parameters,
            "responses": {
                str(status): {"description": "Done", "content": {JSON: {"schema": answer}}},
                **{str(code): {"$ref": f"#/components/responses/{code}"} for code in codes},
            },
        }  # fmt: skip
        if body:
            given["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
        elif takes_file:
            given["requestBody"] = {"required": True, "content": {FILE: {"schema": BINARY}}}
        self.paths.setdefault(path, {})[method] = given

    def as_dict(self) -> dict[str, Any]:
        names = {id(schema): name for name, schema in self.shared.items()}
        whole = {
            "openapi": "3.1.0", "info": self.info, "servers": [{"url": "/"}], "security": [{"jwt": []}],
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "responses": {str(code): problem_response(reason) for code, reason in REASONS.items()},
                "securitySchemes": {"jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT or API key",
                                            "description": "An API key, or an access token of POST …/login."}},
            },
        }  # fmt: skip
        # Each is told once, by those within it.
        shared = {name: {key: referring(value, names) for key, value in schema.items()}
                  for name, schema in self.shared.items()}  # fmt: skip
        document: dict[str, Any] = referring(whole, names)
        document["components"]["schemas"] |= shared
        return document


def referring(part: Any, names: Mapping[int, str]) -> Any:
    """A part of the document with references in the place of the objects that `names` knows by their identity."""
    if id(part) in names:
        return {"$ref": f"#/components/schemas/{names[id(part)]}"}
    if isinstance(part, Mapping):
        return {key: referring(value, names) for key, value in part.items()}
    return [referring(value, names) for value in part] if isinstance(part, (list, tuple)) else part


def problem_response(reason: str) -> Schema:
    content: Schema = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    # Addresses that are too long are refused before they are read: by the web server, or a proxy before it.
    return {"description": reason, "content": content | ({"text/html": {}} if reason == REASONS[414] else {})}


def query_parameter(schema: Mapping[str, Any]) -> Schema:
    """The parameter `q`: rison, or JSON as described here."""
    example = {"page_size": 20} if "page_size" in schema["properties"] else {}
    content = {JSON: {"schema": dict(schema), "example": example}}
    return {"name": "q", "in": "query", "description": "Rison or JSON.", "content": content}


def id_parameter() -> Schema:
    return {"name": "pk", "in": "path", "required": True, "schema": ID}


def object_of(properties: Mapping[str, Schema], *, required: Iterable[str] = (), closed: bool = False) -> Schema:
    """The schema of an object; a closed one takes no other properties."""
    schema: Schema = {"type": "object", "properties": dict(properties)}
    if required := list(required):
        schema["required"] = required
    return {**schema, "additionalProperties": False} if closed else schema


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def list_answer(record: Schema) -> Schema:
    """The answer of every list."""
    return object_of(
        {
            "ids": list_of(ID), "result": list_of(record),
            "count": {"type": "integer", "description": "Exact to 1,000; `count:exact` in q asks for all."},
            "count_is_exact": {"type": "boolean"}, "list_title": {"type": "string"},
            "list_columns": list_of({"type": "string"}), "order_columns": list_of({"type": "string"}),
            "label_columns": {"type": "object"}, "description_columns": {"type": "object"},
        },
        required=("ids", "result", "count"),
    )  # fmt: skip


def item_answer(record: Schema) -> Schema:
    """The answer about one record."""
    return object_of({"id": ID, "result": record}, required=("id", "result"))


def nullable(schema: Schema) -> Schema:
    """The same, or null for an empty value."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "null" in kinds:
        return schema
    wider = {**schema, "type": [*kinds, "null"]}
    return {**wider, "enum": [*schema["enum"], None]} if "enum" in schema else wider


#: By what else a value of a JSON type may be sent: 1 or "yes" for true, 0 or "refused; by phone" for a consent.
TAKEN_FOR = {"string": ("number",), "boolean": ("string", "number"), "object": ("string", "boolean", "number")}


def as_sent(schema: Schema) -> Schema:
    """What is taken for a value of which answers tell by this schema: "" for none, a number as a text, what people
    write for yes and for several parts at once, and lists whose empty items are passed over."""
    kind = schema.get("type", [])
    if "items" in schema:
        return {**schema, "items": nullable(as_sent(schema["items"]))} if "type" in schema["items"] else schema
    if "pattern" in schema:
        return {**schema, "pattern": f"^$|{schema['pattern']}"}
    if "format" in schema:
        others = {name: value for name, value in schema.items() if name != "format"}
        return {**others, "anyOf": [{"format": schema["format"]}, {"const": ""}]}
    kinds = [kind] if isinstance(kind, str) else kind
    if "enum" in schema:
        return schema
    if "properties" in schema:
        # One whose parts are all blank is nothing.
        parts = {name: nullable(part) for name, part in schema["properties"].items()}
        schema = {**{name: value for name, value in schema.items() if name != "required"}, "properties": parts}
    more = [other for own, taken in TAKEN_FOR.items() if own in kinds for other in taken if other not in kinds]
    return {**schema, "type": [*kinds, *more]} if kinds else schema
