"""Hooks of schemathesis: which requests it sends."""

from urllib.parse import unquote

import schemathesis


@schemathesis.hook
def filter_path_parameters(context, path_parameters):
    """Leaves out values that the emulated API Gateway takes apart or does not route: line breaks, `?` and `#`."""
    values = [unquote(value) for value in (path_parameters or {}).values() if isinstance(value, str)]
    return all(value.isprintable() and not set(value) & set("?#") for value in values)
