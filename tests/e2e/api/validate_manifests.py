"""Validates manifests against the schema that the api serves: validate_manifests.py SCHEMA MANIFEST…"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker

schema, *manifests = (json.loads(Path(name).read_text()) for name in sys.argv[1:])
Draft202012Validator.check_schema(schema)


def closed(value):
    """The schema without room for fields that it does not have."""
    if isinstance(value, list):
        return [closed(one) for one in value]
    if not isinstance(value, dict):
        return value
    more = {"additionalProperties": False} if "properties" in value and "additionalProperties" not in value else {}
    return {key: closed(one) for key, one in value.items()} | more


faults = []
for name, manifest in zip(sys.argv[2:], manifests):
    for validator in (schema, closed(schema)):
        found = Draft202012Validator(validator, format_checker=FormatChecker()).iter_errors(manifest)
        faults += [f"{name}: {error.json_path}: {error.message}" for error in found]
print("\n".join(faults))
sys.exit(bool(faults))
