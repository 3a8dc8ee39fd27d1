"""Prints the variables that each function of a stack is deployed with: {short name: {variable: value}}.

Reads JSON from standard input: {"stack": stack.json}.
"""

import json
import sys

import aws


def variables(stack):
    """Short name of a function -> its variables."""
    client = aws.client("lambda", stack)
    found = {}
    for name, deployed in stack["functions"].items():
        configuration = client.get_function_configuration(FunctionName=deployed)
        found[name] = configuration.get("Environment", {}).get("Variables", {})
    return found


if __name__ == "__main__":
    json.dump(variables(json.load(sys.stdin)["stack"]), sys.stdout)
