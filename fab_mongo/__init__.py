"""Flask-AppBuilder on MongoEngine: data interface, forms, screens, REST and security without a SQL session."""

from fab_mongo.api import MongoModelRestApi
from fab_mongo.columns import Column, Kind, columns_of
from fab_mongo.errors import FilterError, NoSqlSessionError
from fab_mongo.filters import MongoFilterConverter, MongoFilters
from fab_mongo.forms import MongoForm, MongoModelConverter
from fab_mongo.interface import MongoInterface
from fab_mongo.live import LiveViewMixin
from fab_mongo.operators import MongoFilter
from fab_mongo.request_cache import request_cache
from fab_mongo.schemas import MongoSchemaConverter
from fab_mongo.security.documents import (
    AbstractGroup,
    AbstractRole,
    AbstractUser,
    Permission,
    PermissionView,
    RegisterUser,
    ViewMenu,
)
from fab_mongo.security.manager import MongoSecurityManager
from fab_mongo.views import MongoModelView

__all__ = [
    "AbstractGroup",
    "AbstractRole",
    "AbstractUser",
    "Column",
    "FilterError",
    "Kind",
    "LiveViewMixin",
    "MongoFilter",
    "MongoFilterConverter",
    "MongoFilters",
    "MongoForm",
    "MongoInterface",
    "MongoModelConverter",
    "MongoModelRestApi",
    "MongoModelView",
    "MongoSchemaConverter",
    "MongoSecurityManager",
    "NoSqlSessionError",
    "Permission",
    "PermissionView",
    "RegisterUser",
    "ViewMenu",
    "columns_of",
    "request_cache",
]
