"""What is billed for being watched: metrics that the code puts, and metrics that alarms listen to."""

import re

from templates import ROOT, load, of_type


def put_metrics():
    """(function, metric) for all metrics that the code puts. What the ports put for whichever function the process is,
    belongs to those that may fail an export: they finish exports."""
    texts = {path: path.read_text() for path in (ROOT / "functions").rglob("*.rs")}
    finish = {path.parts[-3] for path, text in texts.items() if path.name == "main.rs"} & {
        path.relative_to(ROOT / "functions").parts[0] for path, text in texts.items() if "finish::run(" in text
    }
    found = set()
    for text in texts.values():
        for function, metrics in re.findall(r'\bput\(\s*("\w+"|function),\s*&\[([^\]]*)\]', text):
            functions = finish if function == "function" else {function.strip('"')}
            found |= {(name, metric) for name in functions for metric in re.findall(r'\("(\w+)", Unit::', metrics)}
    return found


def alarm_metrics():
    """How many metrics the alarms listen to, all conditions met."""
    alarms = of_type(load("observability")["Resources"], "AWS::CloudWatch::Alarm").values()
    return sum(max(1, sum("MetricStat" in one for one in a["Properties"].get("Metrics", []))) for a in alarms)
