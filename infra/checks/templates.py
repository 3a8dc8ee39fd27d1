"""Our templates, as tests read them."""

from pathlib import Path

import template

ROOT = Path(__file__).resolve().parents[2]
NESTED = ["proxy", "cdn", "cache", "observability", "example", "endpoints", "rollout"]


def load(name):
    """The parsed template; `root` or one of NESTED."""
    path = ROOT / ("template.yaml" if name == "root" else f"infra/{name}.yaml")
    return template.parse(path.read_text())


def code(path):
    """A file of the repository."""
    return (ROOT / path).read_text()


def of_type(resources, kind):
    """The resources of one type."""
    return {name: body for name, body in resources.items() if body["Type"] == kind}
