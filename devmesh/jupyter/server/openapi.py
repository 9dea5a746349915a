"""The OpenAPI document of the HTTP interface, made from its table and its shapes. Nothing in it is written twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

import devmesh
from devmesh.jupyter.server import shapes, tabular
from devmesh.jupyter.server.routes import Route

_IN_PATH = {"project": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"}}
_NUMBER = {"type": "integer", "minimum": 1}
_JSON_TYPES = {int: "integer", str: "string"}
PREFIX = "/devmesh/api"

PROBLEMS = {
    400: "The request cannot be read; `field` says where.",
    403: "Not authenticated, or not allowed to.",
    404: "There is no such mesh, task or credential.",
    406: "It is not given in that format.",
    409: "A rule of the mesh said no.",
    413: "More is sent than is taken.",
    503: "The mesh does not answer.",
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """OpenAPI 3.1 for these routes."""
    rows = tuple(routes)
    types = [of for row in rows for of in (row.gives, row.takes) if of is not None and of is not bytes]
    schemas, components = msgspec.json.schema_components(
        [*types, shapes.Problem], ref_template="#/components/schemas/{name}"
    )
    found = dict(zip(map(repr, [*types, shapes.Problem]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(f"{PREFIX}{row.path}", {})[row.method] = _operation(row, found)
    return {
        "openapi": "3.1.0",
        "info": {"title": "DevMesh", "version": devmesh.__version__},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        },
    }


def _operation(row: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    content = {
        kind: {"schema": schemas[repr(row.gives)] if kind == tabular.JSON else {"type": "string"}}
        for kind in row.media_types
    }
    problem = {"application/json": {"schema": schemas[repr(shapes.Problem)]}}
    made: dict[str, Any] = {
        "operationId": _named(row),
        "summary": row.says,
        "parameters": [*_path_parameters(row), *_query_parameters(row)],
        "responses": {
            str(row.status): {"description": row.says, "content": content},
            **{str(status): {"description": says, "content": problem} for status, says in PROBLEMS.items()},
        },
    }
    if row.takes is not None:
        made["requestBody"] = {"required": True, "content": {tabular.JSON: {"schema": schemas[repr(row.takes)]}}}
    return made


def _named(row: Route) -> str:
    words = re.findall(r"[a-z]+", row.path.replace(".json", ""))
    return "_".join([row.method, *words])


def _path_parameters(row: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _IN_PATH.get(name, _NUMBER)}
        for name in re.findall(r"\{(\w+)\}", row.path)
    ]


def _query_parameters(row: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "in": "query",
            "required": False,
            "description": one.says,
            "schema": {"type": _JSON_TYPES[one.type]}
            | ({"default": one.default} if one.default is not None else {})
            | ({"minimum": 0} if one.type is int else {})
            | ({"maximum": one.most} if one.most is not None else {}),
        }
        for one in row.query
    ]
