"""Links of the documents: each leads to a file of the repository, and to a heading of it if it names one."""

import os.path

import pages
from pages import ROOT


def check(documents=None):
    """Returns the faults, the number of links checked, and the addresses elsewhere, which are not fetched."""
    faults, checked, elsewhere, anchors = [], 0, set(), {}
    for document in documents or pages.documents():
        for line, target in pages.links(pages.read(document)):
            if "://" in target or target.startswith("mailto:"):
                elsewhere.add(target)
                continue
            checked += 1
            name, _, anchor = target.partition("#")
            # GitHub shows its own pages for paths such as ../../issues.
            path = os.path.normpath(os.path.join(os.path.dirname(document), name)) if name else document
            if path.startswith(".."):
                faults.append(f"{document}:{line}: {target} leads out of the repository")
            elif not (ROOT / path).exists():
                faults.append(f"{document}:{line}: {target} does not exist")
            elif anchor:
                if not path.endswith(".md"):
                    faults.append(f"{document}:{line}: {target} names a heading of a file without headings")
                    continue
                known = anchors.setdefault(path, None) or pages.anchors(pages.read(path))
                anchors[path] = known
                if anchor not in known:
                    faults.append(f"{document}:{line}: {path} has no heading #{anchor}")
    return faults, checked, sorted(elsewhere)
