"""The last step: deletes everything that this program made, and proves that nothing of it is left."""

import traceback

import place as places
import remains
from step import Step, judged

# Times that what is left is read, before it counts as left.
LOOKS = 5


class Removal(Step):
    name = "removal"
    question = (
        "does the deletion of a deployment leave nothing but its bucket and its files, "
        "which this program then removes"
    )

    def run(self, trial):
        problems, removed = [], []

        def attempt(action, *words):
            """Runs one part of the deletion. Its failure must not keep the others from being deleted."""
            try:
                return action(*words)
            except Exception as error:
                traceback.print_exc()
                problems.append(f"{type(error).__name__}: {error}")
                return None

        deployments = (trial.second, trial.main, trial.artifacts)
        for deployment in deployments:
            attempt(deployment.find)
        attempt(trial.read_usage)
        for deployment in deployments:
            attempt(deployment.begin_deletion)
        for deployment in deployments:
            problems += filter(None, [attempt(deployment.delete)])
            removed += attempt(deployment.remove_buckets) or []
            # RDS Proxy and Lambda may write a last line after their group was deleted.
            removed += attempt(remains.remove_log_groups, trial.place, deployment) or []
        removed += attempt(trial.place.remove_secrets) or []

        # Some services list what was deleted for a minute.
        for _ in range(LOOKS):
            left, read = [], 0
            for deployment in deployments:
                found, number = attempt(remains.left, trial.place, deployment) or ([], 0)
                left, read = left + found, read + number
            if not left:
                break
            places.wait(6 * trial.place.poll)
            for deployment in deployments:
                removed += attempt(remains.remove_log_groups, trial.place, deployment) or []
        others = ", ".join(removed) or "nothing"
        evidence = f"nothing was found by {read} calls, one for each resource; removed after the stack: {others}"
        if left or problems:
            evidence = f"LEFT: {'; '.join([*left, *problems])}; {read} resources were read; removed: {others}"
            places.note(evidence)
        return judged(not left and not problems, evidence)
