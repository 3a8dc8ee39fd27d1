"""Reads a template as CloudFormation does, as far as that can be done without an account.

`evaluate` gives what one choice of parameters leaves: resources whose condition is false are gone, references to
parameters and pseudo parameters are their values, `Fn::If`, `Fn::Join` and the like are carried out where all that they
need is known. What only a deployed resource knows stays as it stands: `{"Ref": ...}`, `{"Fn::GetAtt": [...]}`.
`Rules` are kept or broken as CloudFormation finds them.
"""

import copy
import re

NO_VALUE = object()
PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "sluice",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/sluice/0a1b2c3d-1111-2222-3333-444455556666",
}
PLACE = re.compile(r"\$\{(!?)([^}]*)\}")


def names_of(sub):
    """Names between `${` and `}` of an Fn::Sub's text."""
    return [name.strip() for quoted, name in PLACE.findall(sub) if not quoted]


class Evaluation:
    """One template with one choice of parameters."""

    def __init__(self, template, parameters=None):
        self.template = template
        self.parameters = {name: _default(spec) for name, spec in template.get("Parameters", {}).items()}
        for name, value in (parameters or {}).items():
            if name not in self.parameters:
                raise KeyError(f"there is no parameter {name}")
            spec = template["Parameters"][name]
            self.parameters[name] = _typed(spec, value)
            allowed = spec.get("AllowedValues")
            if allowed and str(value) not in map(str, allowed):
                raise ValueError(f"{name}={value} is not allowed")

    def missing(self):
        """Parameters that have neither a default nor a value."""
        return [name for name, value in self.parameters.items() if value is None]

    def condition(self, name):
        return self._test(self.template["Conditions"][name])

    def broken_rules(self):
        """Errors that CloudFormation would report before it creates anything."""
        said = []
        for rule in self.template.get("Rules", {}).values():
            if not self.applies(rule):
                continue
            said += [a["AssertDescription"] for a in rule["Assertions"] if not self._test(a["Assert"])]
        return said

    def applies(self, rule):
        """Is this rule for this choice?"""
        return "RuleCondition" not in rule or self._test(rule["RuleCondition"])

    def active(self, resource):
        return "Condition" not in resource or self.condition(resource["Condition"])

    def resources(self):
        """Logical id -> what is left of the resource."""
        found = self.template["Resources"].items()
        return {name: self.value(resource) for name, resource in found if self.active(resource)}

    def outputs(self):
        found = self.template.get("Outputs", {}).items()
        return {name: self.value(output["Value"]) for name, output in found if self.active(output)}

    def _test(self, term):
        if isinstance(term, dict) and len(term) == 1:
            (kind, value), = term.items()
            if kind == "Condition":
                return self.condition(value)
            if kind == "Fn::And":
                return all([self._test(part) for part in value])
            if kind == "Fn::Or":
                return any([self._test(part) for part in value])
            if kind == "Fn::Not":
                return not self._test(value[0])
            if kind == "Fn::Equals":
                left, right = (self.value(part) for part in value)
                return str(left) == str(right)
            if kind == "Fn::Contains":
                return str(self.value(value[1])) in [str(one) for one in self.value(value[0])]
        raise ValueError(f"no condition: {term}")

    def value(self, node):
        """The node with everything carried out that is known."""
        if isinstance(node, list):
            values = [self.value(part) for part in node]
            return [value for value in values if value is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (kind, inner), = node.items()
            if kind == "Ref":
                return self._ref(inner)
            if kind.startswith("Fn::"):
                return self._function(kind, inner)
        values = {key: self.value(part) for key, part in node.items()}
        return {key: value for key, value in values.items() if value is not NO_VALUE}

    def _ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return copy.deepcopy(self.parameters[name])
        return {"Ref": name}

    def _function(self, kind, inner):
        if kind == "Fn::If":
            name, yes, no = inner
            return self.value(yes if self.condition(name) else no)
        if kind == "Fn::GetAtt":
            return {kind: inner.split(".", 1) if isinstance(inner, str) else inner}
        if kind == "Fn::Sub":
            return self._sub(inner)
        inner = self.value(inner)
        if kind == "Fn::Join" and isinstance(inner[1], list) and all(isinstance(part, str) for part in inner[1]):
            return inner[0].join(inner[1])
        if kind == "Fn::Split" and isinstance(inner[1], str):
            return inner[1].split(inner[0])
        if kind == "Fn::Select" and isinstance(inner[1], list):
            return inner[1][int(inner[0])]
        if kind == "Fn::FindInMap" and all(isinstance(part, (str, int)) for part in inner):
            return self.template["Mappings"][inner[0]][str(inner[1])][inner[2]]
        return {kind: inner}

    def _sub(self, inner):
        text, own = (inner, {}) if isinstance(inner, str) else (inner[0], self.value(inner[1]))
        left = {}

        def put(match):
            quoted, name = match.group(1), match.group(2).strip()
            if quoted:
                return "${" + name + "}"
            value = own.get(name, self.value({"Ref": name}) if "." not in name else None)
            if isinstance(value, (str, int, float)):
                return str(value)
            if name in own:
                left[name] = value
            return "${" + name + "}"

        text = PLACE.sub(put, text)
        if not PLACE.search(text):
            return text
        return {"Fn::Sub": [text, left] if left else text}


def references(node):
    """Logical ids that a node still needs once it was evaluated."""
    found = set()
    if isinstance(node, list):
        for part in node:
            found |= references(part)
    elif isinstance(node, dict):
        for key, inner in node.items():
            if key == "Ref" and isinstance(inner, str):
                found.add(inner)
            elif key == "Fn::GetAtt":
                found.add((inner if isinstance(inner, list) else inner.split("."))[0])
            elif key == "Fn::Sub":
                text, own = (inner, {}) if isinstance(inner, str) else inner
                found |= {name.split(".")[0] for name in names_of(text) if name not in own}
                found |= references(own)
            elif key == "DependsOn":
                found |= {inner} if isinstance(inner, str) else set(inner)
            else:
                found |= references(inner)
    return found


def circle(resources):
    """Logical ids that need each other in a circle, in order; empty if there is none."""
    needs = {name: references(body) & set(resources) for name, body in resources.items()}
    done, path = set(), []

    def walk(name):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done:
            return []
        path.append(name)
        for other in sorted(needs[name] - {name}):
            found = walk(other)
            if found:
                return found
        path.pop()
        done.add(name)
        return []

    for name in sorted(needs):
        found = walk(name)
        if found:
            return found
    return []


def _default(spec):
    return _typed(spec, spec["Default"]) if "Default" in spec else None


def _typed(spec, value):
    if "List" in spec["Type"] and isinstance(value, str):
        return value.split(",") if value else [""]
    return value if isinstance(value, (list, dict)) else str(value)
