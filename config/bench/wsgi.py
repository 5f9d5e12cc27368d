"""The door for the bench's web server: the product's own application, and beside it the view it is compared with."""

from django.urls import get_resolver, path

from config.wsgi import application
from workspace.bench.pages import ONE_QUERY
from workspace.bench.views import one_query

__all__ = ["application"]

get_resolver().url_patterns.append(path(ONE_QUERY.removeprefix("/"), one_query))
