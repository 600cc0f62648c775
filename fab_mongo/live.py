"""Views that follow columns which change while the program runs, and share nothing between requests."""

from __future__ import annotations

import copy
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, ClassVar, Self

from fab_mongo.interface import MongoInterface
from fab_mongo.request_cache import request_cache


class LiveViewMixin:
    """Gives every request a view of its own, made for the columns as they are now.

    FAB builds a view's forms, labels and filters once, and all threads share its `_filters`: under load one person's
    filters decided another's list. Here the registered view only routes. A request is answered by a shallow copy of
    a prototype, with its own `_filters`; there is one prototype for each `datamodel.version()`, and only the
    `prototypes_kept` last used are kept.
    """

    datamodel: MongoInterface
    _filters: Any
    _related_views: Any
    _answers_a_request = False
    prototypes_kept: ClassVar[int] = 16
    _shared_attributes: ClassVar[tuple[str, ...]] = (
        "appbuilder",
        "blueprint",
        "endpoint",
        "route_base",
        "static_folder",
        "resource_name",
    )
    _copied_attributes: ClassVar[tuple[str, ...]] = (
        "label_columns",
        "description_columns",
        "validators_columns",
        "formatters_columns",
        "base_filters",
        "list_columns",
        "show_columns",
        "add_columns",
        "edit_columns",
        "search_columns",
        "order_columns",
        "show_exclude_columns",
        "add_exclude_columns",
        "edit_exclude_columns",
        "search_exclude_columns",
        "show_fieldsets",
        "add_fieldsets",
        "edit_fieldsets",
    )

    def __init__(self, **kwargs: Any) -> None:
        self._arguments = kwargs
        self._prototypes: OrderedDict[Hashable, Self] = OrderedDict()
        self._prototypes_lock = threading.Lock()
        # FAB adds labels and columns to lists and dictionaries of the class, where every other view would see them.
        for name in self._copied_attributes:
            if hasattr(type(self), name):
                setattr(self, name, copy.copy(getattr(type(self), name)))
        super().__init__(**kwargs)

    def for_request(self) -> Self:
        """Return the view that answers the current request; the same one however often it is asked for."""
        if self._answers_a_request:
            return self
        views = request_cache().setdefault("views", {})
        if self not in views:
            view = copy.copy(self._prototype(self.datamodel.version()))
            view._answers_a_request = True
            view._filters = view._filters.fresh()
            # Related views may refer back to this one, so it is put in its place before they are made.
            views[self] = view
            view._related_views = [_live(related) for related in getattr(self, "_related_views", None) or ()]
        return views[self]

    def _prototype(self, version: Hashable) -> Self:
        with self._prototypes_lock:
            if version not in self._prototypes:
                self._prototypes[version] = self._new_prototype()
            self._prototypes.move_to_end(version)
            while len(self._prototypes) > self.prototypes_kept:
                self._prototypes.popitem(last=False)
            return self._prototypes[version]

    def _new_prototype(self) -> Self:
        prototype = type(self)(**self._arguments)
        for name in self._shared_attributes:
            if hasattr(self, name):
                setattr(prototype, name, getattr(self, name))
        prototype.prepare_prototype()
        return prototype

    def prepare_prototype(self) -> None:
        """Finish a new prototype, which by now knows the application and its address. Override point."""

    def _register_urls(self) -> None:
        """Register the addresses with handlers that answer through `for_request`."""
        names = [name for name in dir(self) if hasattr(getattr(self, name), "_urls")]
        for name in names:
            setattr(self, name, self._routed(name))
        try:
            super()._register_urls()  # type: ignore[misc]
        finally:
            for name in names:
                delattr(self, name)

    def _routed(self, name: str) -> Callable[..., Any]:
        @functools.wraps(getattr(self, name))
        def handler(*args: Any, **kwargs: Any) -> Any:
            return getattr(self.for_request(), name)(*args, **kwargs)

        return handler


def _live(view: Any) -> Any:
    return view.for_request() if isinstance(view, LiveViewMixin) else view
