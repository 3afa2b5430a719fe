"""The API reference as one plain page.

The usual pages of FastAPI load scripts from other hosts, which neither an
isolated network nor our content security policy lets through.
"""

from html import escape

METHODS = ("get", "post", "put", "patch", "delete")


def render(openapi: dict) -> str:
    info = openapi["info"]
    sections = "".join(_section(tag, rows) for tag, rows in _by_tag(openapi).items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(info['title'])} API</title></head><body>"
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>"
        f"<p>{escape(info['description'])}"
        ' Machine-readable: <a href="/api/openapi.json">openapi.json</a>.</p>'
        f"{sections}</body></html>"
    )


def _by_tag(openapi: dict) -> dict[str, list[tuple[str, str, dict]]]:
    tags: dict[str, list] = {}
    for path, item in openapi["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                tag = operation.get("tags", ["other"])[0]
                tags.setdefault(tag, []).append((method.upper(), path, operation))
    return tags


def _section(tag: str, rows: list[tuple[str, str, dict]]) -> str:
    return f"<h2>{escape(tag)}</h2><dl>{''.join(_operation(*row) for row in rows)}</dl>"


def _operation(method: str, path: str, operation: dict) -> str:
    parameters = ", ".join(
        f"<code>{escape(parameter['name'])}</code>" for parameter in operation.get("parameters", [])
    )
    body = ", ".join(
        escape(media.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1])
        for media in operation.get("requestBody", {}).get("content", {}).values()
    )
    lines = [
        escape(operation.get("description") or operation.get("summary", "")),
        f"Parameters: {parameters}" if parameters else "",
        f"Body: <code>{body}</code>" if body else "",
    ]
    text = "<br>".join(line for line in lines if line)
    return f"<dt><code><b>{method}</b> {escape(path)}</code></dt><dd>{text}</dd>"
