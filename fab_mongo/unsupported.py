"""What of Flask-AppBuilder this backend does not do, each with the reason; docs/fab_mongo.md shows the same."""

_API_KEYS = "FAB's API keys are kept by its SQLAlchemy models alone; use a token from /api/v1/security/login"
_SKELETON = "it downloads a skeleton for SQLAlchemy from the Internet"
_TEXTS = "it is for applications laid out as FAB's skeleton; use pybabel, or what the application brings"

#: Methods of BaseSecurityManager that stay as FAB has them: raising NotImplementedError.
METHODS: dict[str, str] = {
    "validate_api_key": _API_KEYS, "create_api_key": _API_KEYS, "revoke_api_key": _API_KEYS,
    "find_api_keys_for_user": _API_KEYS, "get_api_key_by_uuid": _API_KEYS,
}  # fmt: skip
#: Commands of `flask fab` that are of no use here. Flask runs them without loading the application, so that nothing of
#: it could refuse them.
COMMANDS: dict[str, str] = {
    "create-app": _SKELETON,
    "create-addon": _SKELETON,
    "babel-extract": _TEXTS,
    "babel-compile": _TEXTS,
    "collect-static": "FAB's static files are served from where they are installed",
}
